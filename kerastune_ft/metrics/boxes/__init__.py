"""What is computed from detections and true boxes beside COCO's metrics: matches, confusion, thresholds, tables.

Arrays are those of `metrics.detection`.
"""
