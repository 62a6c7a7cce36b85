"""llama.cpp's own server on the port in its first argument, with a model of random weights written to the second.

The model is a LLaMA of one layer whose vocabulary is bytes and letters; what it says is letters without a sense, as
many as it is allowed to.
"""

import sys
import time
from pathlib import Path

import gguf
import numpy as np

LETTERS = [f"\u2581{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
SPECIAL = ["<unk>", "<s>", "</s>"]
WIDTH, HIDDEN, HEADS, CONTEXT = 32, 64, 2, 4096
TOKENS = 24


def write_model(path: Path) -> None:
    """A model file of 100 kB."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = [*SPECIAL, *bytes_, *LETTERS]
    writer.add_vocab_size(len(tokens))
    kinds = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(SPECIAL) + [-100.0] * 256 + [-1.0] * len(LETTERS))
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256, *[kinds.NORMAL] * len(LETTERS)]
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, values in weights(len(tokens)).items():
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def weights(vocabulary: int) -> dict[str, np.ndarray]:
    """Random, but such that letters are much likelier than bytes, which might not be text."""
    random = np.random.default_rng(1)
    square = (WIDTH, WIDTH)
    output = np.zeros((vocabulary, WIDTH))
    output[-len(LETTERS) :] = 20 * random.standard_normal((len(LETTERS), WIDTH))
    shapes = {f"blk.0.attn_{part}.weight": square for part in ("q", "k", "v", "output")} | {
        "token_embd.weight": (vocabulary, WIDTH),
        "blk.0.ffn_gate.weight": (HIDDEN, WIDTH),
        "blk.0.ffn_up.weight": (HIDDEN, WIDTH),
        "blk.0.ffn_down.weight": (WIDTH, HIDDEN),
    }
    norms = ("output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight")
    return (
        {name: random.standard_normal(shape) for name, shape in shapes.items()}
        | {name: np.ones(WIDTH) for name in norms}
        | {"output.weight": output}
    )


def main() -> None:
    import xllamacpp

    path = Path(sys.argv[2])
    write_model(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.port = int(sys.argv[1])
    params.n_ctx, params.n_predict, params.n_parallel = CONTEXT, TOKENS, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 2
    params.warmup = False
    params.endpoint_slots = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - for whoever starts it by hand
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
