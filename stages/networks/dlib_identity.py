"""dlib's identity network, a ResNet of 29 layers (King 2017)."""

from stages.networks._dlib import entry

ENTRY = entry("identity", "dlib's identity", "dlib_face_recognition_resnet_model_v1.dat", "CC0-1.0")
