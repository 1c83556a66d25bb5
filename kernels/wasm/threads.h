// The pool of threads of threads.h over WebAssembly's atomic instructions: its workers are Workers of JavaScript that call
// work().
#pragma once
#include <atomic>

#include "../context.h"
#include "../task-shares.h"

namespace ocelli {

// A count that threads wait for.
class Signal {
 public:
  // Until the count is no longer `seen`; returns it. Spins, as one instruction of a program follows another at once, and
  // sleeps after that, which the main thread of a browser may not do.
  uint32_t wait(uint32_t seen);
  void raise();

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<int32_t> sleeping_{0};
};

class SpinningThreadPool final : public ThreadPool {
 public:
  explicit SpinningThreadPool(int threads) : shares_(threads) {}
  int size() const override { return shares_.threads(); }
  void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) override;

  // What worker `thread`, 1 to size() - 1, does all its life.
  [[noreturn]] void work(int thread);
  // A worker that failed within a task is about to call work() again.
  void leave();
  // Ends a job that the thread that shares it out failed in.
  void abandon();

 private:
  void close();

  static constexpr int32_t closed = 1 << 30;

  TaskShares shares_;
  // The workers inside the job, plus `closed` while none may join.
  alignas(64) std::atomic<int32_t> joined_{closed};
  alignas(64) Signal opened_;  // counts jobs
};

}  // namespace ocelli
