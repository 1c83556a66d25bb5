// The pool of threads that kernels share. Workers wait for the next job by spinning for some microseconds, as within a
// program one instruction follows another at once, and sleep after that.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "context.h"
#include "task-shares.h"

namespace ocelli {

class SpinningThreadPool final : public ThreadPool {
 public:
  explicit SpinningThreadPool(int threads);
  // Only when no job runs.
  ~SpinningThreadPool() override;
  int size() const override { return shares_.threads(); }
  void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) override;

 private:
  void work(int thread);

  TaskShares shares_;
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
