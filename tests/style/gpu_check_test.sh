#!/usr/bin/env bash
# tools/gpu-check says what is missing, in an environment without it, and fails.
set -euo pipefail

tool=${1:?expected the path of gpu-check}
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/bin"
for name in bash env dirname grep mkdir tail; do ln -s "$(command -v "$name")" "$folder/bin/$name"; done

# expect TEXT NAME=VALUE… : the tool fails, with that text, with nothing in the environment but this.
expect() {
  local text=$1 said
  shift
  if said=$(env -i PATH="$folder/bin" "$@" "$tool" --build "$folder/build" 2>&1); then
    echo "gpu-check succeeded where it should say: $text" >&2 && exit 1
  fi
  [[ $said == *"$text"* ]] || { echo "expected '$text', found: $said" >&2 && exit 1; }
}

# program NAME LINE… : a program of that name that runs these lines.
program() {
  printf '%s\n' '#!/usr/bin/env bash' "${@:2}" >"$folder/bin/$1"
  chmod +x "$folder/bin/$1"
}

expect "no GPU: there is no nvidia-smi"
program nvidia-smi 'echo "NVIDIA-SMI has failed"; exit 9'
expect "no GPU: nvidia-smi says: NVIDIA-SMI has failed"
program nvidia-smi 'echo "No devices found."'
expect "no GPU: nvidia-smi lists none"
program nvidia-smi 'echo "GPU 0: a device"'
program python3 'exit 1'
expect "no LibTorch: none in CMAKE_PREFIX_PATH"
mkdir -p "$folder/torch/share/cmake/Torch" "$folder/torch/lib"
echo 'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")' >"$folder/torch/share/cmake/Torch/TorchConfig.cmake"
expect "has no CUDA" CMAKE_PREFIX_PATH="/nowhere:$folder/torch"
program python3 "echo $folder/torch"
expect "has no CUDA"
touch "$folder/torch/lib/libtorch_cuda.so"
expect "old ABI of C++"
echo >"$folder/torch/share/cmake/Torch/TorchConfig.cmake"
if [[ ! -x /usr/local/cuda/bin/nvcc ]]; then expect "no nvcc in CUDACXX, PATH or /usr/local/cuda/bin"; fi
program nvcc ''
expect "no cmake"
program cmake 'echo "CMake Error: nothing fits"; exit 1'
expect "no ninja"
program ninja ''
expect "CMake Error: nothing fits"
program cmake 'echo "something else"; exit 1'
expect "something else"
expect "CMake could not configure"
