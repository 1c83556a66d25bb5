#include "engine.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#if defined(__wasm__)
#include "wasm/host.h"
#else
#include <chrono>
#include <cstdio>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ocelli {
namespace {

constexpr int64_t hugePage = int64_t{2} << 20;

double nanoseconds() {
#if defined(__wasm__)
  return now();
#else
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

// Counts repeats of a measurement: at least so many, and for longer than another process keeps a core to itself.
class Repeats {
 public:
  explicit Repeats(int64_t least) : left_(least), end_(nanoseconds() + 40e6) {}
  bool next() { return left_-- > 0 || nanoseconds() < end_; }

 private:
  int64_t left_;
  double end_;
};

}  // namespace

char* Buffer::atLeast(int64_t bytes) {
  if (bytes <= this->bytes() && data_ != nullptr) return data_;
  release();
  const int64_t alignment = bytes >= 2 * hugePage ? hugePage : 64;
  const int64_t size = (bytes + 63) / 64 * 64;
  if (static_cast<uint64_t>(size) > SIZE_MAX) return nullptr;
  void* data = nullptr;
  if (posix_memalign(&data, static_cast<size_t>(alignment), static_cast<size_t>(size > 0 ? size : 64)) != 0) {
    return nullptr;
  }
#if defined(__linux__)
  // Large values walk through memory with strides of whole rows: huge pages spare most of the address translation. Only
  // whole ones, so that the last takes no memory that is not used.
  if (alignment == hugePage) madvise(data, static_cast<size_t>(size / hugePage * hugePage), MADV_HUGEPAGE);
#endif
  data_ = static_cast<char*>(data);
  bytes_.store(size, std::memory_order_relaxed);
  return data_;
}

void Buffer::release() {
  std::free(data_);
  data_ = nullptr;
  bytes_.store(0, std::memory_order_relaxed);
}

Engine::Engine(const KernelTable& table, int threads)
    : table_(table), pool_(threads), scratch_(3 * static_cast<size_t>(pool_.size()) + 1) {}

void Engine::add(const Program& program) {
  std::lock_guard<std::mutex> lock(sizesMutex_);
  ++sizes_[program.arenaBytes()];
}

void Engine::remove(const Program& program) {
  {
    std::lock_guard<std::mutex> lock(sizesMutex_);
    const auto found = sizes_.find(program.arenaBytes());
    if (found != sizes_.end() && --found->second == 0) sizes_.erase(found);
  }
  // With no program left nothing may run again for long; a running one is left alone.
  std::unique_lock<std::mutex> running(running_, std::try_to_lock);
  if (!running.owns_lock()) return;
  std::lock_guard<std::mutex> lock(sizesMutex_);
  const int64_t largest = sizes_.empty() ? 0 : sizes_.rbegin()->first;
  if (arena_.bytes() > 2 * largest + hugePage) arena_.release();
}

void* Engine::scratch(Context& context, int thread, size_t bytes) {
  Engine& engine = *static_cast<Engine*>(context.scratchOwner);
  // Of whole instructions: one for each thread and one for all. Of instructions within a task: two for each thread.
  const int first = context.within < 0 ? 0 : engine.pool_.size() + 1 + 2 * context.within;
  void* data = engine.scratch_[static_cast<size_t>(first + thread)].atLeast(static_cast<int64_t>(bytes));
  if (data == nullptr) {
#if defined(__wasm__)
    fail(Failure::OutOfMemory, bytes);
#else
    std::fprintf(stderr, "ocelli: out of memory: %zu bytes of scratch space\n", bytes);
    std::abort();
#endif
  }
  return data;
}

void Engine::noteFault(Context& context, int64_t position, int32_t index) {
  Engine& engine = *static_cast<Engine*>(context.scratchOwner);
  std::lock_guard<std::mutex> lock(engine.faultMutex_);
  Fault& fault = *engine.fault_;
  const bool first = fault.instruction < 0 || (fault.instruction == engine.instruction_ && position < fault.position);
  if (first) fault = {engine.instruction_, position, index};
}

Outcome Engine::run(const Program& program, char* const* externals, const int32_t* cancel, Fault& fault, double* times,
                    size_t from, size_t until) {
  std::lock_guard<std::mutex> lock(running_);
  char* arena = arena_.atLeast(program.arenaBytes());
  if (arena == nullptr) return Outcome::OutOfMemory;
  std::vector<char*> slots;
  slots.reserve(program.slots().size());
  for (const Slot& slot : program.slots()) {
    slots.push_back(slot.kind == SlotKind::External ? externals[slot.place]
                    : slot.kind == SlotKind::Arena  ? arena + slot.place
                                                    : nullptr);
  }
  Context context{slots.data(), static_cast<int64_t>(slots.size()), pool_, scratch, this, -1, noteFault,
                  program.sumDepth()};
  fault_ = &fault;
  for (size_t i = from; i < program.size() && i < until; ++i) {
    if (cancel != nullptr && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0) return Outcome::Cancelled;
    instruction_ = static_cast<int64_t>(i);
    if (times == nullptr) {
      program.execute(i, table_, context);
      continue;
    }
    times[2 * i] = nanoseconds();
    program.execute(i, table_, context);
    times[2 * i + 1] = nanoseconds() - times[2 * i];
  }
  return Outcome::Done;
}

#if defined(__wasm__)
void Engine::recover() {
  pool_.abandon();
  running_.unlock();
}

void Engine::trim() {
  std::unique_lock<std::mutex> running(running_, std::try_to_lock);
  if (!running.owns_lock()) return;
  arena_.release();
  for (Buffer& buffer : scratch_) buffer.release();
}
#endif

bool Engine::measure(Limits& limits) {
  // Several tasks a thread, so that a thread that wakes late holds up none; the best repeat is the least disturbed.
  constexpr int64_t tasksPerThread = 8, rounds = 50'000;
  constexpr int64_t floats = int64_t{8} << 20;  // in each of three arrays: more than caches hold
  std::lock_guard<std::mutex> lock(running_);
  const int64_t tasks = tasksPerThread * pool_.size();
  std::vector<double> operations(static_cast<size_t>(tasks));
  std::vector<float> sinks(static_cast<size_t>(tasks));
  limits = {0.0, 0.0};
  for (Repeats repeats(20); repeats.next();) {
    const double start = nanoseconds();
    parallelFor(pool_, tasks, [&](int64_t task, int) {
      const size_t i = static_cast<size_t>(task);
      operations[i] = table_.multiplyAdds(rounds, &sinks[i]);
    });
    const double seconds = (nanoseconds() - start) * 1e-9;
    limits.flops = std::max(limits.flops, std::accumulate(operations.begin(), operations.end(), 0.0) / seconds);
  }
  Buffer memory;
  float* a = reinterpret_cast<float*>(memory.atLeast(3 * floats * static_cast<int64_t>(sizeof(float))));
  if (a == nullptr) return false;
  float *b = a + floats, *c = b + floats;
  // Untouched pages would all be read from one page of zeros.
  parallelFor(pool_, tasks, [&](int64_t task, int) {
    const int64_t from = 3 * floats * task / tasks, to = 3 * floats * (task + 1) / tasks;
    std::fill(a + from, a + to, 1.0f);
  });
  for (Repeats repeats(4); repeats.next();) {
    const double start = nanoseconds();
    parallelFor(pool_, tasks, [&](int64_t task, int) {
      const int64_t from = floats * task / tasks, to = floats * (task + 1) / tasks;
      table_.triad(a + from, b + from, c + from, to - from);
    });
    const double seconds = (nanoseconds() - start) * 1e-9;
    limits.bytes = std::max(limits.bytes, 3.0 * sizeof(float) * static_cast<double>(floats) / seconds);
  }
  return true;
}

int64_t Engine::scratchBytes() const {
  int64_t bytes = 0;
  for (const Buffer& buffer : scratch_) bytes += buffer.bytes();
  return bytes;
}

}  // namespace ocelli
