// Micro-op code compiled for the tiles of an index space: where each step reads and writes, so that operands are used in
// place where they are contiguous and single values are computed once.
#pragma once
#include "micro.h"
#include "views.h"

namespace ocelli {
namespace OCELLI_ISA {

// How often the value in a place changes.
enum class Rate : int8_t { Once, Block, Element };

// Where a place's memory is: the operand itself, or a buffer of the thread's.
enum class Home : int8_t { Operand, Buffer };

struct Place {
  Rate rate;
  Home home;
  bool used;
  int64_t buffer;  // byte offset in the thread's buffers
};

struct Step {
  MicroOp op;  // its registers are places
  Rate rate;
  bool first;  // of a pair with the next step, in one loop
};

// Values of one block: 528 words keep equal positions of different blocks out of the same cache set.
constexpr int64_t bufferWords = 528;

// Code over the views of a tiling. Places: inputs, then outputs, then registers, then single values.
class BlockProgram {
 public:
  // results: the register of each of the tiling's outputs; of a tiling without outputs, registers to be read as result(i).
  BlockProgram(const Tiling& tiling, const MicroOp* code, int64_t count, int32_t registers, Span<int32_t> results);
  ~BlockProgram();
  BlockProgram(const BlockProgram&) = delete;
  BlockProgram& operator=(const BlockProgram&) = delete;

  int64_t bufferBytes() const { return bytes_; }
  // True when no place that changes by element needs a buffer: blocks may be of any length.
  bool unbuffered() const { return unbuffered_; }

 private:
  friend class BlockRunner;
  void place(int at, Rate rate, Home home);
  bool overlaps(int input, int output) const;
  int lastWrite(int place) const;
  bool readsOnlyNext(int step) const;

  const Tiling& tiling_;
  int inputs_, outputs_, placeCount_ = 0, stepCount_ = 0;
  Place* places_;
  Step* steps_;
  int resultCount_ = 0;
  int* results_ = nullptr;
  int64_t bytes_ = 0;
  bool unbuffered_ = true;
};

// A thread's state while it runs blocks.
class BlockRunner {
 public:
  // `buffers` holds program.bufferBytes(), 64-byte aligned.
  BlockRunner(const BlockProgram& program, void* buffers);
  ~BlockRunner();
  BlockRunner(const BlockRunner&) = delete;
  BlockRunner& operator=(const BlockRunner&) = delete;

  // offsets: of each view, in elements, at the tile's first element.
  void run(const int64_t* offsets, int64_t rows, int64_t columns);

  const char* result(int i) const { return at_[program_.results_[i]]; }
  int64_t resultStep(int i) const { return step_[program_.results_[i]]; }

 private:
  struct Filled {
    int64_t offset, rows, columns;
  };
  void runSteps(Rate rate, int64_t n);

  const BlockProgram& program_;
  char* buffers_;
  char** at_;
  int64_t* step_;
  Filled* filled_;
  bool started_ = false;
};

}  // namespace OCELLI_ISA
}  // namespace ocelli
