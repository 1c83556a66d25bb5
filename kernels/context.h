// What a kernel is given besides its instruction: memory, threads, scratch space.
#pragma once
#include <cstddef>
#include <cstdint>

#include "instruction.h"

namespace ocelli {

class ThreadPool {
 public:
  virtual ~ThreadPool() = default;
  virtual int size() const = 0;
  // Calls body(context, task, thread) for each task in 0 .. tasks - 1, thread in 0 .. size() - 1, and waits for all.
  // Which thread gets which task is not fixed: results must not depend on it.
  virtual void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) = 0;
};

template <typename Body>
void parallelFor(ThreadPool& pool, int64_t tasks, Body&& body) {
  pool.parallel(
      tasks, [](void* context, int64_t task, int thread) { (*static_cast<Body*>(context))(task, thread); }, &body);
}

// What runs within a task of a pool.
class SingleThread final : public ThreadPool {
 public:
  int size() const override { return 1; }
  void parallel(int64_t tasks, void (*body)(void* context, int64_t task, int thread), void* context) override {
    for (int64_t task = 0; task < tasks; ++task) body(context, task, 0);
  }
};

// How many products of a sum follow one another before they are set aside: the rounding of a sum grows with the root of it.
constexpr int64_t exactDepth = 28;
constexpr int64_t anyDepth = int64_t{1} << 40;

struct Context {
  char* const* slots;  // the base address of each slot, for this run
  int64_t slotCount;
  ThreadPool& pool;
  // At least `bytes` bytes, 64-byte aligned, private to the thread until the instruction ends. Grows, never shrinks.
  // Thread pool.size() is a further buffer, for the calling thread to fill outside parallel() and all to read within.
  // A second request for the same thread may move its buffer: ask once, for everything.
  void* (*scratch)(Context& context, int thread, size_t bytes);
  void* scratchOwner;
  // The thread whose task this context serves (with a SingleThread for a pool), or -1 for that of a whole instruction:
  // each has scratch space of its own.
  int within;
  // Says that an index (the given value, the position-th of its operand) is out of range. May be called from any thread.
  void (*fault)(Context& context, int64_t position, int32_t index);
  int64_t sumDepth;  // exactDepth or anyDepth

  template <typename T>
  T* at(int32_t slot, int64_t offset) const {
    return reinterpret_cast<T*>(slots[slot]) + offset;
  }
};

// One table for each instruction set; every kernel file is compiled once for each, in namespace OCELLI_ISA.
struct KernelTable {
  const char* name;
  int vectorWidth;  // floats
  void (*elementwise)(const Elementwise&, Context&);
  void (*reduce)(const Reduce&, Context&);
  void (*matmul)(const Matmul&, Context&);
  void (*packMatrix)(const PackMatrix&, Context&);
  int64_t (*packedMatrixBytes)(int64_t k, int64_t n);
  void (*conv2d)(const Conv2d&, Context&);
  void (*packConv)(const PackConv&, Context&);
  int64_t (*packedConvBytes)(ConvAlgorithm, const ConvGeometry&, int64_t outChannels, int64_t inChannels);
  void (*conv2dInputGrad)(const Conv2dInputGrad&, Context&);
  void (*conv2dWeightGrad)(const Conv2dWeightGrad&, Context&);
  void (*maxPool2d)(const MaxPool2d&, Context&);
  void (*chain)(const Chain&, Context&);
  void (*poolGather)(const PoolGather&, Context&);
  void (*poolScatter)(const PoolScatter&, Context&);
  void (*resample)(const Resample&, Context&);
  void (*axisOp)(const AxisOp&, Context&);
  void (*gather)(const Gather&, Context&);
  void (*scatterAdd)(const ScatterAdd&, Context&);
  void (*random)(const Random&, Context&);
  void (*iota)(const Iota&, Context&);
  double (*multiplyAdds)(int64_t rounds, float* sink);
  void (*triad)(float* a, const float* b, const float* c, int64_t n);
};

// Runs micro-op code over `count` values (at most microBlock) held in `registers` buffers of microBlock floats each
// (32-bit words, f32 or i32 as the code says). Defined in elementwise.cc; used by epilogues too.
constexpr int64_t microBlock = 512;

}  // namespace ocelli
