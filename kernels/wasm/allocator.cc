// Memory for everything: blocks that join with their free neighbours, found by size. The linear memory grows when no
// block is large enough; it can never shrink, so what is freed must be found again. Small blocks, the many lists of
// programs, lie in chunks of their own: strewn among the large ones they would leave no room between them.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "host.h"

extern "C" unsigned char __heap_base;

namespace ocelli {
namespace {

constexpr uint32_t unit = 16;
constexpr uint32_t page = 65536;

// What comes before the memory of a block; blocks lie one after the other.
struct Block {
  uint32_t before;  // bytes of the block before this one; 0 for the first
  uint32_t size;    // with this header, a multiple of `unit`; and the marks below
  Block* next;      // within the list of free blocks of about this size
  Block* previous;

  static constexpr uint32_t inUse = 1;
  static constexpr uint32_t small = 2;

  bool used() const { return size & inUse; }
  bool isSmall() const { return size & small; }
  uint32_t bytes() const { return size & ~(unit - 1); }
  Block* after() { return reinterpret_cast<Block*>(reinterpret_cast<char*>(this) + bytes()); }
  Block* earlier() { return reinterpret_cast<Block*>(reinterpret_cast<char*>(this) - before); }
  char* memory() { return reinterpret_cast<char*>(this) + sizeof(Block); }
};
static_assert(sizeof(Block) == unit, "a header is one unit");

Block* blockOf(void* memory) { return reinterpret_cast<Block*>(static_cast<char*>(memory) - sizeof(Block)); }

// The free blocks of one kind.
class Heap {
 public:
  explicit constexpr Heap(uint32_t mark) : mark_(mark) {}

  // The smallest of some free blocks of at least `bytes` bytes, now in use; null when there is none. The memory that
  // it will hold is to be aligned: what comes before is given back, as is the rest.
  Block* take(uint32_t bytes, uint32_t alignment) {
    Block* block = find(bytes + (alignment > unit ? alignment - unit : 0));
    if (block == nullptr) return nullptr;
    unlink(block);
    block->size |= Block::inUse;
    const uint32_t past = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(block->memory()) % alignment);
    if (past != 0) {
      const uint32_t gap = alignment - past, whole = block->bytes();
      Block* aligned = reinterpret_cast<Block*>(reinterpret_cast<char*>(block) + gap);
      setSize(block, gap);
      aligned->before = gap;
      setSize(aligned, whole - gap);
      aligned->after()->before = whole - gap;
      giveBack(block);
      block = aligned;
    }
    const uint32_t rest = block->bytes() - bytes;
    if (rest >= 2 * unit) {
      setSize(block, bytes);
      Block* after = block->after();
      after->before = bytes;
      setSize(after, rest);
      after->after()->before = rest;
      giveBack(after);
    }
    return block;
  }

  // Makes the block free, together with its free neighbours; returns what they are now.
  Block* giveBack(Block* block) {
    uint32_t bytes = block->bytes();
    Block* after = block->after();
    if (!after->used()) {
      unlink(after);
      bytes += after->bytes();
    }
    if (block->before != 0 && !block->earlier()->used()) {
      block = block->earlier();
      unlink(block);
      bytes += block->bytes();
    }
    block->size = bytes | mark_;
    block->after()->before = bytes;
    const int list = listOf(bytes);
    block->previous = nullptr;
    block->next = lists_[list];
    if (block->next != nullptr) block->next->previous = block;
    lists_[list] = block;
    filled_[list / 32] |= 1u << (list % 32);
    return block;
  }

  void unlink(Block* block) {
    if (block->next != nullptr) block->next->previous = block->previous;
    if (block->previous != nullptr) {
      block->previous->next = block->next;
      return;
    }
    const int list = listOf(block->bytes());
    lists_[list] = block->next;
    if (block->next == nullptr) filled_[list / 32] &= ~(1u << (list % 32));
  }

  // The stretch of memory becomes one free block, and a block in use that marks its end.
  Block* add(void* memory, uint32_t bytes) {
    Block* first = static_cast<Block*>(memory);
    first->before = 0;
    setSize(first, bytes - unit);
    Block* end = first->after();
    end->before = bytes - unit;
    setSize(end, unit);
    giveBack(first);
    return end;
  }

  void setSize(Block* block, uint32_t bytes) { block->size = bytes | Block::inUse | mark_; }

 private:
  // Four lists for each power of two.
  static constexpr int listCount = 4 * 32;

  static int listOf(uint32_t bytes) {
    const int exponent = 31 - __builtin_clz(bytes);
    return 4 * exponent + static_cast<int>((bytes >> (exponent - 2)) & 3);
  }

  // The smallest of the list that is large enough: of them all where blocks are large, and few.
  Block* smallest(int list, uint32_t bytes) const {
    Block* best = nullptr;
    int tries = mark_ == Block::small ? 8 : 4096;
    for (Block* block = lists_[list]; block != nullptr && tries > 0; block = block->next, --tries) {
      if (block->bytes() >= bytes && (best == nullptr || block->bytes() < best->bytes())) best = block;
    }
    return best;
  }

  Block* find(uint32_t bytes) const {
    const int own = listOf(bytes);
    Block* block = smallest(own, bytes);
    if (block != nullptr) return block;
    for (int list = own + 1; list < listCount; list = (list / 32 + 1) * 32) {
      const uint32_t rest = filled_[list / 32] >> (list % 32);
      if (rest != 0) return smallest(list + __builtin_ctz(rest), bytes);
    }
    return nullptr;
  }

  const uint32_t mark_;
  Block* lists_[listCount] = {};
  uint32_t filled_[listCount / 32] = {};
};

constexpr uint32_t mostSmall = 8192;
constexpr uint32_t chunk = 1 << 20;

std::mutex mutex;
Heap large(0);
Heap small(Block::small);
Block* last = nullptr;  // marks the end of the memory of large blocks
uint32_t usedBytes = 0;

bool grow(uint32_t bytes) {
  if (last == nullptr) {
    const uintptr_t base = (reinterpret_cast<uintptr_t>(&__heap_base) + unit - 1) / unit * unit;
    const uintptr_t end = static_cast<uintptr_t>(__builtin_wasm_memory_size(0)) * page;
    if (end < base + page) return false;  // the build script sees to more
    last = large.add(reinterpret_cast<void*>(base), end - base);
    return true;
  }
  const uint32_t spare = last->before != 0 && !last->earlier()->used() ? last->earlier()->bytes() : 0;
  const uint32_t missing = bytes > spare ? bytes - spare : unit;
  const uint32_t exact = missing / page + (missing % page != 0);
  uint32_t pages = (exact + 15) / 16 * 16;
  if (__builtin_wasm_memory_grow(0, pages) == static_cast<size_t>(-1)) {
    pages = exact;
    if (__builtin_wasm_memory_grow(0, pages) == static_cast<size_t>(-1)) return false;
  }
  Block* added = last;
  large.setSize(added, pages * page);
  last = added->after();
  last->before = pages * page;
  large.setSize(last, unit);
  large.giveBack(added);
  return true;
}

Block* takeLarge(uint32_t bytes, uint32_t alignment) {
  for (;;) {
    Block* block = large.take(bytes, alignment);
    if (block != nullptr || !grow(bytes + alignment)) return block;
  }
}

Block* takeSmall(uint32_t bytes, uint32_t alignment) {
  Block* block = small.take(bytes, alignment);
  if (block != nullptr) return block;
  Block* place = takeLarge(chunk, unit);
  if (place == nullptr) return nullptr;
  small.add(place->memory(), place->bytes() - unit);
  return small.take(bytes, alignment);
}

// Null when there is not enough memory. `alignment` is a power of two.
void* allocateAligned(size_t wanted, uint32_t alignment) {
  const uint64_t bytes = (static_cast<uint64_t>(wanted) + 2 * unit - 1) / unit * unit;
  if (bytes > UINT32_MAX - 2 * page) return nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  const uint32_t size = static_cast<uint32_t>(bytes);
  Block* block = size <= mostSmall ? takeSmall(size, alignment) : takeLarge(size, alignment);
  if (block == nullptr) return nullptr;
  usedBytes += block->bytes();
  return block->memory();
}

void release(Block* block) {
  std::lock_guard<std::mutex> lock(mutex);
  usedBytes -= block->bytes();
  if (!block->isSmall()) {
    large.giveBack(block);
    return;
  }
  block = small.giveBack(block);
  if (block->before != 0) return;
  // The first of its chunk; with the end mark perhaps all of it.
  Block* place = blockOf(block);
  if (block->bytes() + 2 * unit != place->bytes()) return;
  small.unlink(block);
  large.giveBack(place);
}

void* orFail(void* data, size_t bytes) {
  if (data == nullptr) fail(Failure::OutOfMemory, bytes);
  return data;
}

}  // namespace

uint32_t allocatedBytes() {
  std::lock_guard<std::mutex> lock(mutex);
  return usedBytes;
}

}  // namespace ocelli

extern "C" {

void* malloc(size_t bytes) { return ocelli::allocateAligned(bytes, 16); }

// There are no huge pages to be aligned to: a cache line will do.
int posix_memalign(void** data, size_t alignment, size_t bytes) {
  *data = ocelli::allocateAligned(bytes, alignment < 64 ? 16 : 64);
  return *data == nullptr;
}

void* calloc(size_t count, size_t bytes) {
  void* data = malloc(count * bytes);
  if (data != nullptr) memset(data, 0, count * bytes);
  return data;
}

void free(void* data) {
  if (data != nullptr) ocelli::release(ocelli::blockOf(data));
}
}

void* operator new(size_t bytes) { return ocelli::orFail(malloc(bytes), bytes); }
void* operator new[](size_t bytes) { return ocelli::orFail(malloc(bytes), bytes); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  const uint32_t least = static_cast<uint32_t>(alignment);
  return ocelli::orFail(ocelli::allocateAligned(bytes, least < 16 ? 16 : least), bytes);
}
void operator delete(void* data) noexcept { free(data); }
void operator delete[](void* data) noexcept { free(data); }
void operator delete(void* data, size_t) noexcept { free(data); }
void operator delete[](void* data, size_t) noexcept { free(data); }
void operator delete(void* data, std::align_val_t) noexcept { free(data); }
void operator delete(void* data, size_t, std::align_val_t) noexcept { free(data); }
