#include "threads.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace ocelli {
namespace {

constexpr int32_t closed = 1 << 30;
constexpr int spins = 4000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace

SpinningThreadPool::SpinningThreadPool(int threads)
    : shares_(threads > 1 ? threads : 1), joined_(closed) {
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
}

SpinningThreadPool::~SpinningThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    epoch_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void SpinningThreadPool::parallel(int64_t tasks, void (*body)(void*, int64_t, int), void* context) {
  if (tasks <= 1 || workers_.empty()) {
    for (int64_t task = 0; task < tasks; ++task) body(context, task, 0);
    return;
  }
  shares_.open(tasks, body, context);
  joined_.fetch_and(~closed, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) > 0) {
    // The lock makes sure that a worker about to sleep either sees the new epoch or gets this notice.
    { std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  shares_.take(0);
  joined_.fetch_or(closed, std::memory_order_acq_rel);
  for (int spin = 0; joined_.load(std::memory_order_acquire) != closed; ++spin) {
    if (spin < spins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void SpinningThreadPool::work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < spins && epoch_.load(std::memory_order_acquire) == seen; ++spin) pause();
    if (epoch_.load(std::memory_order_acquire) == seen) {
      std::unique_lock<std::mutex> lock(mutex_);
      sleeping_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
      sleeping_.fetch_sub(1, std::memory_order_relaxed);
    }
    if (ending_) return;
    seen = epoch_.load(std::memory_order_acquire);
    // A worker that comes too late finds the job closed, or the next one open.
    if ((joined_.fetch_add(1, std::memory_order_acq_rel) & closed) == 0) shares_.take(thread);
    joined_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace ocelli
