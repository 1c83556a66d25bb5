// A program decoded from the stream of numbers that src/backends/encode.ts writes, checked so that running it
// can touch nothing outside its slots.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "instruction.h"

namespace ocelli {

// In the order of INSTRUCTIONS in src/backends/encode.ts.
enum class InstructionCode : int32_t {
  Elementwise, Reduce, Matmul, PackMatrix, Conv2d, PackConv, Conv2dInputGrad, Conv2dWeightGrad, MaxPool2d, PoolGather,
  PoolScatter, Resample, AxisOp, Gather, ScatterAdd, Random, Iota, Chain,
};

// A window is a value of which a chain holds only the rows it is about to read, in memory of each thread's own.
enum class SlotKind : int32_t { Arena, External, Window };

struct Slot {
  SlotKind kind;
  int64_t place;  // byte offset in the arena, or index among the external buffers
  int64_t bytes;
};

struct Instruction {
  InstructionCode code;
  union {
    Elementwise elementwise;
    Reduce reduce;
    Matmul matmul;
    PackMatrix packMatrix;
    Conv2d conv2d;
    PackConv packConv;
    Conv2dInputGrad conv2dInputGrad;
    Conv2dWeightGrad conv2dWeightGrad;
    MaxPool2d maxPool2d;
    PoolGather poolGather;
    PoolScatter poolScatter;
    Resample resample;
    AxisOp axisOp;
    Gather gather;
    ScatterAdd scatterAdd;
    Random random;
    Iota iota;
    Chain chain;
  };
  Instruction() {}
};

class Program {
 public:
  // Null, with the reason in `error`, when the stream does not describe a valid program.
  static std::unique_ptr<Program> decode(const double* stream, size_t length, const KernelTable& table,
                                         std::string& error);

  int64_t arenaBytes() const { return arenaBytes_; }
  // The least size of each external buffer.
  const std::vector<int64_t>& externalBytes() const { return externalBytes_; }
  const std::vector<Slot>& slots() const { return slots_; }
  int64_t sumDepth() const { return exactSums_ ? exactDepth : anyDepth; }
  size_t size() const { return instructions_.size(); }
  void execute(size_t instruction, const KernelTable& table, Context& context) const;

 private:
  friend class Decoder;
  int64_t arenaBytes_ = 0;
  bool exactSums_ = false;
  std::vector<int64_t> externalBytes_;
  std::vector<Slot> slots_;
  std::vector<Instruction> instructions_;
  std::vector<std::unique_ptr<char[]>> memory_;  // what the spans point to
};

}  // namespace ocelli
