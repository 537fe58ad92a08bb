#!/bin/sh
# llama.cpp built for this machine's processor, for the side `llama.cpp-native` of `make bench RUN="decision"`:
#
#   tests/benchmarks/build_llama_cpp.sh [PYTHON] [FOLDER]
#
# Compiles llama-cpp-python from its source (10 to 20 minutes on two cores), keeps the wheel in FOLDER
# (build/llama_cpp) and installs it for PYTHON (.venv/bin/python). A wheel that lies there already is only installed.
# It needs a compiler for C and C++; cmake and ninja come from PyPI.
set -eu

VERSION=0.3.36  # side_llama_cpp_native.py calls the C functions of this one
PYTHON=${1:-.venv/bin/python}
FOLDER=${2:-build/llama_cpp}
TOOLS=$FOLDER/tools

if ! ls "$FOLDER"/llama_cpp_python-$VERSION-*.whl >/dev/null 2>&1; then
    "$PYTHON" -m venv "$TOOLS"
    "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check scikit-build-core cmake ninja
    # Everything that the processor has (GGML_NATIVE); no GPU, no pictures, nothing of the net.
    PATH=$(cd "$TOOLS/bin" && pwd):$PATH \
    CMAKE_ARGS="-DGGML_NATIVE=ON -DGGML_CUDA=OFF -DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF" \
        "$TOOLS/bin/python" -m pip wheel --disable-pip-version-check --no-deps --no-build-isolation \
        --no-binary llama-cpp-python --no-cache-dir --wheel-dir "$FOLDER" "llama-cpp-python==$VERSION"
fi
"$PYTHON" -m pip install --disable-pip-version-check "$FOLDER"/llama_cpp_python-$VERSION-*.whl
