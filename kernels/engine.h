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

// What the machine does at most on all threads of an engine, with its instruction set.
struct Limits {
  double flops;  // float32 operations a second
  double bytes;  // memory traffic a second
};

enum class Outcome { Done, Cancelled, OutOfMemory };

// The first index out of range of a run: of the first instruction that met one, the first in its operand.
struct Fault {
  int64_t instruction = -1;  // none
  int64_t position = 0;
  int32_t index = 0;
};

class Engine {
 public:
  Engine(const KernelTable& table, int threads);
  const KernelTable& table() const { return table_; }
  int threads() const { return pool_.size(); }

  // Every live program is announced, so that the arena can shrink when the large ones are gone.
  void add(const Program& program);
  void remove(const Program& program);

  // `externals` has an address for each external buffer. Blocks while another program runs. `cancel`, when not null,
  // is read between instructions: anything but 0 ends the run. A fault does not, as values may be half updated. `times`,
  // when not null, has two places for each instruction, filled with its start (of the steady clock) and its duration, in
  // nanoseconds. Runs instructions `from` to `until` - 1; between the parts of a run nothing else may run and no program be
  // removed.
  Outcome run(const Program& program, char* const* externals, const int32_t* cancel, Fault& fault,
              double* times = nullptr, size_t from = 0, size_t until = SIZE_MAX);
#if defined(__wasm__)
  SpinningThreadPool& pool() { return pool_; }
  // After a run that ended with no destructor called.
  void recover();
  // Frees what no running program needs: the next one takes it anew.
  void trim();
#endif

  // Takes about a tenth of a second, once no program runs. False when there is not enough memory.
  bool measure(Limits& limits);

  int64_t arenaBytes() const { return arena_.bytes(); }
  int64_t scratchBytes() const;

 private:
  static void* scratch(Context& context, int thread, size_t bytes);
  static void noteFault(Context& context, int64_t position, int32_t index);

  const KernelTable& table_;
  SpinningThreadPool pool_;
  std::mutex running_;
  Buffer arena_;
  std::vector<Buffer> scratch_;
  std::mutex faultMutex_;
  Fault* fault_ = nullptr;      // of the running program
  int64_t instruction_ = 0;     // the one that runs
  std::mutex sizesMutex_;
  std::map<int64_t, int64_t> sizes_;  // arena sizes of the live programs, and how many have each
};

}  // namespace ocelli
