// What happens to a product before it is stored. Epilogues that a Finish can do are recognised and done in registers; any
// other code runs through runMicroOps on the finished block, while it is in the cache.
#pragma once
#include "finish.h"
#include "kernels.h"

namespace ocelli {

// A program with more epilogue inputs is refused when decoded.
constexpr int maxEpilogueInputs = 32;

namespace OCELLI_ISA {

struct OutputStage {
  Finish finish;

  // When set, `finish` is unused and this code runs.
  const Epilogue* code = nullptr;
  const float* inputs[maxEpilogueInputs];

  int64_t sumDepth = exactDepth;  // of the sums that come here

  // Bytes of register space that runCode needs.
  int64_t registerBytes() const { return code == nullptr ? 0 : int64_t{code->registers} * microBlock * 4; }

  // The stage seen from column `offset` on.
  OutputStage fromColumn(int64_t offset) const;
};

OutputStage resolveEpilogue(const Epilogue* epilogue, const Context& context);

// Applies stage.code to `rows` x `columns` values (valueStride apart, columns <= valueStride; valueStride <= microBlock
// or the columns are split) and stores them. rowIndex[i] is the row of the whole output that values row i belongs to;
// column0 the first column. `registers` has stage.registerBytes() bytes.
void runEpilogueCode(const OutputStage& stage, const float* values, int64_t valueStride, int64_t rows, int64_t columns,
                     const int64_t* rowIndex, int64_t column0, float* c, int64_t cStride, float* registers);

}  // namespace OCELLI_ISA
}  // namespace ocelli
