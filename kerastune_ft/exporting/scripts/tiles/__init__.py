"""The predict.py of exports of tiles, which put pictures together of these."""
