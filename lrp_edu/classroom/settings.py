"""Settings under which a lesson gives the same on every machine, for those who execute it and those who grade it."""

# Nothing downloaded, no progress bars, TensorFlow on the processor, without a word and with the same rounding.
REPEATABLE = {
    "LRP_EDU_OFFLINE": "1",
    "TQDM_DISABLE": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}
