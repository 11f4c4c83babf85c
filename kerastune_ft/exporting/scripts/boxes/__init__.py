"""The predict.py of exports of object detection, one for each format; nothing here imports this package."""
