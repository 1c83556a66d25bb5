// Runs programs, one at a time in the whole process: on all threads, in one arena that all programs share.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "program.h"
#if defined(__wasm__)
#include "wasm/threads.h"
#else
#include "threads.h"
#endif

namespace ocelli {

// A growing block of memory; its content is lost when it grows. Zero-sized at first.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }
  // Null when there is not enough memory.
  char* atLeast(int64_t bytes);
  void release();
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  char* data_ = nullptr;
  std::atomic<int64_t> bytes_{0};
};

enum class Outcome { Done, Cancelled, OutOfMemory };

class Engine {
 public:
  Engine(const KernelTable& table, int threads);
  const KernelTable& table() const { return table_; }
  int threads() const { return pool_.size(); }

  // Every live program is announced, so that the arena can shrink when the large ones are gone.
  void add(const Program& program);
  void remove(const Program& program);

  // `externals` has an address for each external buffer. Blocks while another program runs. `cancel`, when not null,
  // is read between instructions: anything but 0 ends the run. Runs instructions `from` to `until` - 1; between the parts
  // of a run nothing else may run and no program be removed.
  Outcome run(const Program& program, char* const* externals, const int32_t* cancel, size_t from = 0,
              size_t until = SIZE_MAX);
#if defined(__wasm__)
  SpinningThreadPool& pool() { return pool_; }
  // After a run that ended with no destructor called.
  void recover();
  // Frees what no running program needs: the next one takes it anew.
  void trim();
#endif

  int64_t arenaBytes() const { return arena_.bytes(); }
  int64_t scratchBytes() const;

 private:
  static void* scratch(Context& context, int thread, size_t bytes);

  const KernelTable& table_;
  SpinningThreadPool pool_;
  std::mutex running_;
  Buffer arena_;
  std::vector<Buffer> scratch_;
  std::mutex sizesMutex_;
  std::map<int64_t, int64_t> sizes_;  // arena sizes of the live programs, and how many have each
};

}  // namespace ocelli
