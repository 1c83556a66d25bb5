#include "threads.h"

namespace ocelli {
namespace {

constexpr int spins = 20000;

}  // namespace

uint32_t Signal::wait(uint32_t seen) {
  for (int spin = 0; spin < spins; ++spin) {
    const uint32_t value = value_.load(std::memory_order_acquire);
    if (value != seen) return value;
  }
  sleeping_.fetch_add(1, std::memory_order_seq_cst);
  uint32_t value = value_.load(std::memory_order_seq_cst);
  while (value == seen) {
    __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int*>(value_.address()), static_cast<int>(seen), -1);
    value = value_.load(std::memory_order_seq_cst);
  }
  sleeping_.fetch_sub(1, std::memory_order_relaxed);
  return value;
}

void Signal::raise() {
  value_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) == 0) return;
  __builtin_wasm_memory_atomic_notify(reinterpret_cast<int*>(value_.address()), UINT32_MAX);
}

void SpinningThreadPool::close() {
  joined_.fetch_or(closed, std::memory_order_acq_rel);
  while (joined_.load(std::memory_order_acquire) != closed) {
  }
}

void SpinningThreadPool::parallel(int64_t tasks, void (*body)(void*, int64_t, int), void* context) {
  if (tasks <= 1 || size() == 1) {
    for (int64_t task = 0; task < tasks; ++task) body(context, task, 0);
    return;
  }
  shares_.open(tasks, body, context);
  joined_.fetch_and(~closed, std::memory_order_release);
  opened_.raise();
  shares_.take(0);
  close();
}

void SpinningThreadPool::work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    seen = opened_.wait(seen);
    // A worker that comes too late finds the job closed, or the next one open.
    if ((joined_.fetch_add(1, std::memory_order_acq_rel) & closed) == 0) shares_.take(thread);
    joined_.fetch_sub(1, std::memory_order_release);
  }
}

void SpinningThreadPool::leave() { joined_.fetch_sub(1, std::memory_order_release); }

void SpinningThreadPool::abandon() {
  shares_.drop();
  close();
}

}  // namespace ocelli
