"""All that `codeword bench` measures: where each command is, and what it says of itself."""

from .lazy_group import Lazy

BENCHES = {
    "cache": Lazy(
        "codeword.runtime.cli_bench_cache:cache",
        "A suite run with an empty decision cache, and again with the one that it filled.",
    ),
    "calling": Lazy(
        "codeword.runtime.cli_bench_calling:calling",
        "Codebook prompting against function calling, each held by a grammar and each free.",
    ),
    "decision": Lazy(
        "codeword.runtime.cli_bench_decision:decision",
        "A decision of ours, of ours without one technique, and of what others would use, in turns.",
    ),
    "exactness": Lazy(
        "codeword.runtime.cli_bench_engine:exactness",
        "Our decoder with all that makes it quick against decoding token by token with transformers, in float32.",
    ),
    "fuzz": Lazy(
        "codeword.runtime.cli_bench_link:fuzz",
        "Spoiled messages to both ends of the link and to LeKiwi's formats; exits 1 if anything moves.",
    ),
    "grammar": Lazy(
        "codeword.runtime.cli_bench_decision:grammar",
        "From a new observation to its grammar, of commands and of plans.",
    ),
    "latency-curve": Lazy(
        "codeword.runtime.cli_bench_loop:latency_curve",
        "How slow may a model be? Goals reached over SUITES [default: conveyor] as physics goes on during decisions.",
    ),
    "limits": Lazy(
        "codeword.runtime.cli_bench_loop:limits",
        "How long after its hard limit a decision ends, wherever it is then; exits 1 if p99 is over 60 ms.",
    ),
    "link": Lazy(
        "codeword.runtime.cli_bench_link:link",
        "What the link adds to a decision, and how soon a stop arrives, in model calls and beside busy processes too.",
    ),
    "lookahead": Lazy(
        "codeword.runtime.cli_bench_loop:lookahead",
        "Deciding ahead while commands are carried out, against deciding when asked, over SUITES [default: tabletop].",
    ),
    "planner": Lazy(
        "codeword.runtime.cli_bench_planner:planner",
        "Plans for many blocks: processor time, memory and length; beside Fast Downward's, where that is installed.",
    ),
    "plans": Lazy(
        "codeword.runtime.cli_bench_decision:plans",
        "Writing a plan beside deciding one command: the same scenes with the codebook `workbench`, in turns.",
    ),
    "quantization": Lazy(
        "codeword.runtime.cli_bench_quantization:quantization",
        "Every profile, and 4 bits made anew by RTN and GPTQ, against the same values in float32.",
    ),
    "recording": Lazy(
        "codeword.runtime.cli_bench_recording:recording",
        "What logging adds to an episode and to a decision; with --kills, what SIGKILL leaves of episode files.",
    ),
    "soak": Lazy(
        "codeword.runtime.cli_bench_link:soak",
        "Numbered commands over a bad network to a robot that is killed again and again; exits 1 if one goes wrong.",
    ),
    "start": Lazy(
        "codeword.runtime.cli_bench_engine:start",
        "From the shell to the first decision of a new process, model in the cache; exits 1 if that takes over 6 s.",
    ),
    "validity": Lazy(
        "codeword.runtime.cli_bench_decision:validity",
        "Decisions on random observations, half with tasks that try to break out; exits 1 if one is not legal.",
    ),
    "words": Lazy(
        "codeword.runtime.cli_bench_words:words",
        "What a task's words alone tell of the skill that is asked for, or that none is.",
    ),
}
