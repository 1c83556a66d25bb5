#include "engine.h"

#include <cstdio>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ocelli {
namespace {

constexpr int64_t hugePage = int64_t{2} << 20;

}  // namespace

char* Buffer::atLeast(int64_t bytes) {
  if (bytes <= this->bytes() && data_ != nullptr) return data_;
  release();
  const int64_t alignment = bytes >= 2 * hugePage ? hugePage : 64;
  const int64_t size = (bytes + alignment - 1) / alignment * alignment;
  void* data = nullptr;
  if (posix_memalign(&data, static_cast<size_t>(alignment), static_cast<size_t>(size > 0 ? size : alignment)) != 0) {
    return nullptr;
  }
#if defined(__linux__)
  // Large values walk through memory with strides of whole rows: huge pages spare most of the address translation.
  if (alignment == hugePage) madvise(data, static_cast<size_t>(size), MADV_HUGEPAGE);
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
    : table_(table), pool_(threads), scratch_(static_cast<size_t>(pool_.size()) + 1) {}

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
  void* data = engine.scratch_[static_cast<size_t>(thread)].atLeast(static_cast<int64_t>(bytes));
  if (data == nullptr) {
    std::fprintf(stderr, "ocelli: out of memory: %zu bytes of scratch space\n", bytes);
    std::abort();
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

Outcome Engine::run(const Program& program, char* const* externals, const int32_t* cancel, Fault& fault) {
  std::lock_guard<std::mutex> lock(running_);
  char* arena = arena_.atLeast(program.arenaBytes());
  if (arena == nullptr) return Outcome::OutOfMemory;
  std::vector<char*> slots;
  slots.reserve(program.slots().size());
  for (const Slot& slot : program.slots()) {
    slots.push_back(slot.external ? externals[slot.place] : arena + slot.place);
  }
  Context context{slots.data(), pool_, scratch, this, noteFault};
  fault_ = &fault;
  for (size_t i = 0; i < program.size(); ++i) {
    if (cancel != nullptr && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0) return Outcome::Cancelled;
    instruction_ = static_cast<int64_t>(i);
    program.execute(i, table_, context);
  }
  return Outcome::Done;
}

int64_t Engine::scratchBytes() const {
  int64_t bytes = 0;
  for (const Buffer& buffer : scratch_) bytes += buffer.bytes();
  return bytes;
}

}  // namespace ocelli
