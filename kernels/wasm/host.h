// What JavaScript does for this module.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ocelli {

// By the numbers that src/backends/wasm/instance.ts knows.
enum class Failure : int32_t { Abort, OutOfMemory };

// Throws in JavaScript: the call into this module ends, with no destructor run.
[[noreturn]] __attribute__((import_module("host"), import_name("fail"))) void fail(Failure failure, size_t bytes);

// A run that was asked for is over.
__attribute__((import_module("host"), import_name("finished"))) void finished(int32_t outcome);

// Nanoseconds of a clock that the threads do not share.
__attribute__((import_module("host"), import_name("now"))) double now();

// Bytes in use, with their headers.
uint32_t allocatedBytes();

}  // namespace ocelli
