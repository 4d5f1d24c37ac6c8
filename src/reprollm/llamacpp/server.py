"""llama.cpp's own server, llama-server, inside this process, spoken to over a private socket.

xllamacpp runs the server in threads of this process. It listens on a Unix socket in a folder that
only this user may enter, so nobody else on a shared machine can ask it, and no port is open. The
file's chat template is replaced before the server would parse it: prompts are rendered by us. What
a server may do on its own is switched off: reuse of prompts, shifting of contexts, guessing of
parameters, warming up, the page for browsers, and its log.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from reprollm.errors import EngineUnavailable
from reprollm.llamacpp.options import BATCH, MICRO_BATCH, Options

_TEMPLATE = "chatml"
_SOCKET_LIMIT = 100
_INSTALL = "install it with: pip install 'reprollm[llamacpp]'"


class RequestRefused(Exception):
    """The server answered with an error; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LlamaServer:
    """A running server; `close` ends it and frees the model."""

    def __init__(self, options: Options) -> None:
        """Start a server.

        Raises:
            EngineUnavailable: xllamacpp is not installed, or cannot load the model.
        """
        # A failed assertion ends the process in any case; it need not call a debugger before.
        os.environ.setdefault("GGML_NO_BACKTRACE", "1")
        try:
            import xllamacpp
        except ImportError:
            raise EngineUnavailable(f"expected llama.cpp, found no xllamacpp; {_INSTALL}") from None
        self._folder = _private_folder()
        self._socket = str(self._folder / "llama.sock")
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._server: Any = xllamacpp.Server(_parameters(xllamacpp, options, self._socket))
        except (RuntimeError, ValueError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EngineUnavailable(
                f"expected a model that llama.cpp (xllamacpp {xllamacpp.__version__}) can load "
                f"from {options.model}, found one that it refuses: its architecture or a tensor "
                "type may be newer than this build, or the memory is not enough"
            ) from error
        finally:
            _restore(before)
        # A server that is ended before its loop has begun waits for that loop for ever. This is
        # answered by the loop.
        self.ask("/lora-adapters")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the server's answer to a request: `GET` without a body, else `POST`.

        Raises:
            RequestRefused: the server answered with an error.
            EngineUnavailable: it does not answer any more.
        """
        connection = _Connection(self._socket)
        try:
            if body is None:
                connection.request("GET", path)
            else:
                content = json.dumps(body).encode("ascii")
                connection.request("POST", path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineUnavailable(
                f"expected an answer of llama.cpp's server, found {type(error).__name__}; "
                "it has stopped, start again"
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise RequestRefused(response.status, str(answer.get("error", {}).get("message")))
        return answer

    def close(self) -> None:
        """End the server and free the model's memory."""
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def _private_folder() -> Path:
    """Return a new folder that only this user may enter, with a path short enough for a socket."""
    folder = tempfile.mkdtemp(prefix="reprollm-")
    if len(folder) > _SOCKET_LIMIT - len("/llama.sock"):
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix="reprollm-", dir="/tmp")
    return Path(folder)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    """Give signals back to those who had them; the server takes them for itself."""
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():
            if handler is not None:
                signal.signal(number, handler)


def _parameters(xllamacpp: Any, options: Options, address: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(options.model)
    parameters.model_alias = {options.alias}
    parameters.hostnames = [address]
    parameters.port = 0
    parameters.n_threads_http = options.slots + 2
    parameters.verbosity = -1
    _set_numerics(xllamacpp, parameters, options)
    switched_off = ("cache_prompt", "warmup", "fit_params", "ctx_shift", "ui", "use_jinja")
    for name in (*switched_off, "endpoint_slots", "cache_idle_slots", "lora_init_without_apply"):
        setattr(parameters, name, False)
    for name in ("cache_ram_mib", "n_ctx_checkpoints", "n_cache_reuse", "slot_prompt_similarity"):
        setattr(parameters, name, 0)
    parameters.chat_template = _TEMPLATE
    parameters.offline = True
    parameters.lora_adapters = [
        xllamacpp.CommonAdapterLoraInfo(str(path), scale) for path, scale in options.adapters
    ]
    return parameters


def _set_numerics(xllamacpp: Any, parameters: Any, options: Options) -> None:
    flash = "ENABLED" if options.flash_attention else "DISABLED"
    kv_type = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{options.kv_type.upper()}")
    parameters.n_ctx = options.slot_context * options.slots
    parameters.n_parallel = options.slots
    parameters.kv_unified = False
    parameters.n_batch, parameters.n_ubatch = BATCH, MICRO_BATCH
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.cache_type_k = parameters.cache_type_v = kv_type
    parameters.flash_attn_type = getattr(
        xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{flash}"
    )
    parameters.n_gpu_layers = options.gpu_layers
    parameters.no_kv_offload = parameters.no_op_offload = options.gpu_layers == 0
    parameters.no_extra_bufts = not options.repack
    parameters.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
