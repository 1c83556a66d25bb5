#include "program.h"

#include "decoder.h"

namespace ocelli {

std::unique_ptr<Program> Program::decode(const double* stream, size_t length, const KernelTable& table,
                                         std::string& error) {
  std::unique_ptr<Program> program(new Program());
  Decoder decoder(stream, length, table, *program);
  if (!decoder.run(error)) return nullptr;
  return program;
}

void Program::execute(size_t instruction, const KernelTable& table, Context& context) const {
  const Instruction& i = instructions_[instruction];
  switch (i.code) {
    case InstructionCode::Elementwise: return table.elementwise(i.elementwise, context);
    case InstructionCode::Reduce: return table.reduce(i.reduce, context);
    case InstructionCode::Matmul: return table.matmul(i.matmul, context);
    case InstructionCode::PackMatrix: return table.packMatrix(i.packMatrix, context);
    case InstructionCode::Conv2d: return table.conv2d(i.conv2d, context);
    case InstructionCode::PackConv: return table.packConv(i.packConv, context);
    case InstructionCode::Conv2dInputGrad: return table.conv2dInputGrad(i.conv2dInputGrad, context);
    case InstructionCode::Conv2dWeightGrad: return table.conv2dWeightGrad(i.conv2dWeightGrad, context);
    case InstructionCode::MaxPool2d: return table.maxPool2d(i.maxPool2d, context);
    case InstructionCode::PoolGather: return table.poolGather(i.poolGather, context);
    case InstructionCode::PoolScatter: return table.poolScatter(i.poolScatter, context);
    case InstructionCode::Resample: return table.resample(i.resample, context);
    case InstructionCode::AxisOp: return table.axisOp(i.axisOp, context);
    case InstructionCode::Gather: return table.gather(i.gather, context);
    case InstructionCode::ScatterAdd: return table.scatterAdd(i.scatterAdd, context);
    case InstructionCode::Random: return table.random(i.random, context);
    case InstructionCode::Iota: return table.iota(i.iota, context);
    case InstructionCode::Chain: return table.chain(i.chain, context);
  }
}

}  // namespace ocelli
