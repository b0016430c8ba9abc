"""dlib's predictor of 68 landmarks (Kazemi and Sullivan 2014)."""

from stages.networks._dlib import entry

ENTRY = entry(
    "landmarks",
    "dlib's 68 landmarks",
    "shape_predictor_68_face_landmarks.dat",
    "CC0-1.0 (package); trained on 300-W, non-commercial research only",
)
