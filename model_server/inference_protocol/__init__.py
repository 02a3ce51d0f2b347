"""The Open Inference Protocol, version 2, over REST: https://github.com/kserve/open-inference-protocol.

With Triton's binary tensor data extension: tensors as raw bytes behind the JSON header.
"""
