// The pool of threads that kernels share. Workers wait for the next job by spinning for some microseconds, as within a
// program one instruction follows another at once, and sleep after that. Each thread starts with its own share of a job's
// tasks, the same stretch from job to job, so that what it wrote is read from its own cache; then it helps the others.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "context.h"

namespace ocelli {

class SpinningThreadPool final : public ThreadPool {
 public:
  explicit SpinningThreadPool(int threads);
  // Only when no job runs.
  ~SpinningThreadPool() override;
  int size() const override { return static_cast<int>(shares_.size()); }
  void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) override;

 private:
  void work(int thread);
  void takeTasks(int thread);

  struct Job {
    void (*body)(void* context, int64_t task, int thread);
    void* context;
    int64_t tasks;
  };
  // The next task of a thread's share, which ends where the next thread's begins.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
  };
  int64_t shareStart(int64_t tasks, int thread) const { return tasks * thread / size(); }

  Job job_{};
  std::vector<Share> shares_;
  // The workers inside the job, plus `closed` while none may join.
  alignas(64) std::atomic<int32_t> joined_;
  alignas(64) std::atomic<uint32_t> epoch_{0};
  std::atomic<int32_t> sleeping_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace ocelli
