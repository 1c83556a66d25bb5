// Memory for everything: blocks that join with their free neighbours, found by size. The linear memory grows when no
// block is large enough; it can never shrink, so what is freed must be found again.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "host.h"

extern "C" unsigned char __heap_base;

namespace std {
enum class align_val_t : size_t {};
}

namespace ocelli {
namespace {

constexpr uint32_t unit = 16;
constexpr uint32_t page = 65536;

// What comes before the memory of a block; blocks lie one after the other.
struct Block {
  uint32_t before;  // bytes of the block before this one; 0 for the first
  uint32_t size;    // with this header, a multiple of `unit`; plus 1 when in use
  Block* next;      // within the list of free blocks of about this size
  Block* previous;

  bool used() const { return size & 1; }
  uint32_t bytes() const { return size & ~1u; }
  Block* after() { return reinterpret_cast<Block*>(reinterpret_cast<char*>(this) + bytes()); }
  Block* earlier() { return reinterpret_cast<Block*>(reinterpret_cast<char*>(this) - before); }
  char* memory() { return reinterpret_cast<char*>(this) + sizeof(Block); }
};
static_assert(sizeof(Block) == unit, "a header is one unit");

// Four lists for each power of two.
constexpr int listCount = 4 * 32;

std::mutex mutex;
Block* lists[listCount];
uint32_t filled[listCount / 32];
Block* last = nullptr;  // a block in use that marks the end
uint32_t usedBytes = 0;

// The list that a block of this size belongs to.
int listOf(uint32_t bytes) {
  const int exponent = 31 - __builtin_clz(bytes);
  return 4 * exponent + static_cast<int>((bytes >> (exponent - 2)) & 3);
}

void insert(Block* block) {
  const int list = listOf(block->bytes());
  block->previous = nullptr;
  block->next = lists[list];
  if (block->next != nullptr) block->next->previous = block;
  lists[list] = block;
  filled[list / 32] |= 1u << (list % 32);
}

void unlink(Block* block) {
  if (block->next != nullptr) block->next->previous = block->previous;
  if (block->previous != nullptr) {
    block->previous->next = block->next;
    return;
  }
  const int list = listOf(block->bytes());
  lists[list] = block->next;
  if (block->next == nullptr) filled[list / 32] &= ~(1u << (list % 32));
}

// Makes the block free, together with its free neighbours.
void giveBack(Block* block) {
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
  block->size = bytes;
  block->after()->before = bytes;
  insert(block);
}

// Cuts off what lies beyond the first `bytes` bytes of a block in use.
void trim(Block* block, uint32_t bytes) {
  const uint32_t rest = block->bytes() - bytes;
  if (rest < 2 * unit) return;
  block->size = bytes | 1;
  Block* after = block->after();
  after->before = bytes;
  after->size = rest | 1;
  after->after()->before = rest;
  giveBack(after);
}

bool grow(uint32_t bytes) {
  if (last == nullptr) {
    const uintptr_t base = (reinterpret_cast<uintptr_t>(&__heap_base) + unit - 1) / unit * unit;
    const uintptr_t end = static_cast<uintptr_t>(__builtin_wasm_memory_size(0)) * page;
    if (end < base + 2 * unit && __builtin_wasm_memory_grow(0, 1) == static_cast<size_t>(-1)) return false;
    last = reinterpret_cast<Block*>(base);
    last->before = 0;
    // From here on as if the memory up to its end had just been added.
    const uint64_t all = static_cast<uint64_t>(__builtin_wasm_memory_size(0)) * page - base;
    last->size = static_cast<uint32_t>(all - unit) | 1;
    Block* end2 = last->after();
    end2->before = last->bytes();
    end2->size = unit | 1;
    Block* first = last;
    last = end2;
    giveBack(first);
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
  added->size = (pages * page) | 1;
  last = added->after();
  last->before = pages * page;
  last->size = unit | 1;
  giveBack(added);
  return true;
}

// A free block of at least `bytes` bytes; null when there is none.
Block* find(uint32_t bytes) {
  const int own = listOf(bytes);
  int tries = 8;
  for (Block* block = lists[own]; block != nullptr && tries-- > 0; block = block->next) {
    if (block->bytes() >= bytes) return block;
  }
  // Every block of the lists after its own is large enough.
  for (int list = own + 1; list < listCount; list = (list / 32 + 1) * 32) {
    const uint32_t rest = filled[list / 32] >> (list % 32);
    if (rest != 0) return lists[list + __builtin_ctz(rest)];
  }
  for (Block* block = lists[own]; block != nullptr; block = block->next) {
    if (block->bytes() >= bytes) return block;
  }
  return nullptr;
}

// Null when there is not enough memory. `alignment` is a power of two.
void* allocateAligned(size_t wanted, uint32_t alignment) {
  const uint64_t bytes = (static_cast<uint64_t>(wanted) + 2 * unit - 1) / unit * unit;
  const uint64_t most = bytes + (alignment > unit ? alignment - unit : 0);
  if (most > UINT32_MAX - page) return nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  Block* block = find(static_cast<uint32_t>(most));
  while (block == nullptr) {
    if (!grow(static_cast<uint32_t>(most))) return nullptr;
    block = find(static_cast<uint32_t>(most));
  }
  unlink(block);
  block->size |= 1;
  const uint32_t past = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(block->memory()) % alignment);
  if (past != 0) {
    const uint32_t gap = alignment - past;
    const uint32_t whole = block->bytes();
    Block* aligned = reinterpret_cast<Block*>(reinterpret_cast<char*>(block) + gap);
    aligned->before = gap;
    aligned->size = (whole - gap) | 1;
    aligned->after()->before = whole - gap;
    block->size = gap | 1;
    giveBack(block);
    block = aligned;
  }
  trim(block, static_cast<uint32_t>(bytes));
  usedBytes += block->bytes();
  return block->memory();
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
  if (data == nullptr) return;
  std::lock_guard<std::mutex> lock(ocelli::mutex);
  ocelli::Block* block = reinterpret_cast<ocelli::Block*>(static_cast<char*>(data) - sizeof(ocelli::Block));
  ocelli::usedBytes -= block->bytes();
  ocelli::giveBack(block);
}

void abort() { ocelli::fail(ocelli::Failure::Abort, 0); }

// Each builtin is one instruction here.
void* memcpy(void* to, const void* from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
void* memmove(void* to, const void* from, size_t bytes) { return __builtin_memmove(to, from, bytes); }
void* memset(void* to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }

__attribute__((no_builtin)) int memcmp(const void* a, const void* b, size_t bytes) {
  const unsigned char* x = static_cast<const unsigned char*>(a);
  const unsigned char* y = static_cast<const unsigned char*>(b);
  for (; bytes > 0; --bytes, ++x, ++y) {
    if (*x != *y) return *x < *y ? -1 : 1;
  }
  return 0;
}

__attribute__((no_builtin)) size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}
}

void* operator new(size_t bytes) { return ocelli::orFail(malloc(bytes), bytes); }
void* operator new[](size_t bytes) { return ocelli::orFail(malloc(bytes), bytes); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return ocelli::orFail(ocelli::allocateAligned(bytes, static_cast<uint32_t>(alignment)), bytes);
}
void operator delete(void* data) noexcept { free(data); }
void operator delete[](void* data) noexcept { free(data); }
void operator delete(void* data, size_t) noexcept { free(data); }
void operator delete[](void* data, size_t) noexcept { free(data); }
void operator delete(void* data, size_t, std::align_val_t) noexcept { free(data); }
