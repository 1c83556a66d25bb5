// The pool of threads of threads.h over WebAssembly's atomic instructions: its workers are Workers of JavaScript that call
// work().
#pragma once
#include <atomic>
#include <vector>

#include "../context.h"

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
  explicit SpinningThreadPool(int threads) : size_(threads), shares_(static_cast<size_t>(threads)) {}
  int size() const override { return size_; }
  void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) override;

  // What worker `thread`, 1 to size() - 1, does all its life.
  [[noreturn]] void work(int thread);
  // A worker that failed within a task is about to call work() again.
  void leave();
  // Ends a job that the thread that shares it out failed in.
  void abandon();

 private:
  void takeTasks(int thread);
  void close();
  int64_t shareStart(int64_t tasks, int thread) const { return tasks * thread / size_; }

  static constexpr int32_t closed = 1 << 30;

  struct Job {
    void (*body)(void* context, int64_t task, int thread);
    void* context;
    int64_t tasks;
  };
  // The next task of a thread's share, which ends where the next thread's begins.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
  };
  const int size_;
  Job job_{};
  std::vector<Share> shares_;
  // The workers inside the job, plus `closed` while none may join.
  alignas(64) std::atomic<int32_t> joined_{closed};
  alignas(64) Signal opened_;  // counts jobs
};

}  // namespace ocelli
