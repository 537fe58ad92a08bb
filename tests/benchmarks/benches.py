"""All that `python -m tests.benchmarks` measures: where each command is, and what it says of itself."""

from codeword.runtime.lazy_group import Lazy

BENCHES = {
    "arithmetic": Lazy(
        "tests.benchmarks.cli_engine:arithmetic",
        "The products of a pass and the whole pass beside what the processor can multiply at most, on one thread.",
    ),
    "cache": Lazy(
        "tests.benchmarks.cli_cache:cache",
        "A suite run with an empty decision cache, and again with the one that it filled.",
    ),
    "calling": Lazy(
        "tests.benchmarks.cli_calling:calling",
        "Codebook prompting against function calling, each held by a grammar and each free.",
    ),
    "coverage": Lazy(
        "tests.benchmarks.cli_coverage:coverage",
        "Of how many tasks the likeliest plan is right, before and after plans are held against the words of the task.",
    ),
    "decision": Lazy(
        "tests.benchmarks.cli_decision:decision",
        "A decision of ours, of ours without one technique, and of what others would use, in turns.",
    ),
    "exactness": Lazy(
        "tests.benchmarks.cli_engine:exactness",
        "Our decoder with all that makes it quick against decoding token by token with transformers, in float32.",
    ),
    "fuzz": Lazy(
        "tests.benchmarks.cli_link:fuzz",
        "Spoiled messages to both ends of the link and to LeKiwi's formats; exits 1 if anything moves.",
    ),
    "grammar": Lazy(
        "tests.benchmarks.cli_decision:grammar",
        "From a new observation to its grammar, of commands and of plans.",
    ),
    "latency-curve": Lazy(
        "tests.benchmarks.cli_loop:latency_curve",
        "How slow may a model be? Goals reached over SUITES [default: conveyor] as physics goes on during decisions.",
    ),
    "limits": Lazy(
        "tests.benchmarks.cli_loop:limits",
        "How long after its hard limit a decision ends, wherever it is then; exits 1 if p99 is over 60 ms.",
    ),
    "link": Lazy(
        "tests.benchmarks.cli_link:link",
        "What the link adds to a decision, and how soon a stop arrives, in model calls and beside busy processes too.",
    ),
    "lookahead": Lazy(
        "tests.benchmarks.cli_loop:lookahead",
        "Deciding ahead while commands are carried out, against deciding when asked, over SUITES [default: tabletop].",
    ),
    "planner": Lazy(
        "tests.benchmarks.cli_planner:planner",
        "Plans for many blocks: processor time, memory and length; beside Fast Downward's, where that is installed.",
    ),
    "plans": Lazy(
        "tests.benchmarks.cli_decision:plans",
        "Writing a plan beside deciding one command: the same scenes with the codebook `workbench`, in turns.",
    ),
    "quantization": Lazy(
        "tests.benchmarks.cli_quantization:quantization",
        "Every profile, and 4 bits made again by RTN and GPTQ, against the same values in float32.",
    ),
    "quantified": Lazy(
        "tests.benchmarks.cli_coverage:quantified",
        "How many tasks about all things of a kind, or all but one, are done: as the model reads them, and spelled out.",
    ),
    "recording": Lazy(
        "tests.benchmarks.cli_recording:recording",
        "What logging adds to an episode and to a decision; with --kills, what SIGKILL leaves of episode files.",
    ),
    "second-reader": Lazy(
        "tests.benchmarks.cli_reader:second_reader",
        "How often a reader who sees codebook, scene and words alone says the plan that stands in the corpus.",
    ),
    "soak": Lazy(
        "tests.benchmarks.cli_link:soak",
        "Numbered commands over a bad network to a robot that is killed again and again; exits 1 if one goes wrong.",
    ),
    "start": Lazy(
        "tests.benchmarks.cli_engine:start",
        "From the shell to the first decision of a new process, model in the cache; exits 1 if that takes over 6 s.",
    ),
    "validity": Lazy(
        "tests.benchmarks.cli_decision:validity",
        "Decisions on random observations, half with tasks that try to break out; exits 1 if one is not legal.",
    ),
    "vectors": Lazy(
        "tests.benchmarks.cli_words:vectors",
        "Make the vectors of common words by which the prior tells how alike words are, out of a model's embeddings.",
    ),
    "words": Lazy(
        "tests.benchmarks.cli_words:words",
        "What a task's words alone tell of the skill that is asked for, or that none is.",
    ),
}
