// The tasks of a job among the threads of a pool. Each thread starts with its own share, the same stretch of the tasks from
// job to job, so that what it wrote is read from its own cache; then it helps the others.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

namespace ocelli {

class TaskShares {
 public:
  explicit TaskShares(int threads) : shares_(static_cast<size_t>(threads)) {}
  int threads() const { return static_cast<int>(shares_.size()); }

  // A new job; no thread may be taking tasks.
  void open(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) {
    job_ = {body, context, tasks};
    for (int thread = 0; thread < threads(); ++thread) {
      shares_[static_cast<size_t>(thread)].next.store(start(tasks, thread), std::memory_order_relaxed);
    }
  }

  // Runs tasks of the job until none is left.
  void take(int thread) {
    const Job job = job_;
    for (int i = 0; i < threads(); ++i) {
      const int owner = (thread + i) % threads();
      const int64_t end = start(job.tasks, owner + 1);
      for (;;) {
        const int64_t task = shares_[static_cast<size_t>(owner)].next.fetch_add(1, std::memory_order_relaxed);
        if (task >= end) break;
        job.body(job.context, task, thread);
      }
    }
  }

  // Leaves none to take.
  void drop() {
    for (Share& share : shares_) share.next.store(job_.tasks, std::memory_order_relaxed);
  }

 private:
  struct Job {
    void (*body)(void* context, int64_t task, int thread);
    void* context;
    int64_t tasks;
  };
  // The next task of a thread's share, which ends where the next thread's begins.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
  };
  int64_t start(int64_t tasks, int thread) const { return tasks * thread / threads(); }

  Job job_{};
  std::vector<Share> shares_;
};

}  // namespace ocelli
