// What the compiler and the kernels call of the C library.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "host.h"

extern "C" {

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

float nextafterf(float from, float to) {
  if (from != from || to != to) return from + to;
  if (from == to) return to;
  uint32_t bits;
  memcpy(&bits, &from, sizeof(bits));
  if (from == 0.0f) {
    bits = to > 0.0f ? 1 : 0x80000001u;
  } else {
    bits += (from < to) == (from > 0.0f) ? 1 : -1;
  }
  memcpy(&from, &bits, sizeof(bits));
  return from;
}

__attribute__((no_builtin)) size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}
}
