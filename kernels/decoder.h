// Reads and checks the stream of a program: numbers in the order of the fields of each struct, counts before lists.
#pragma once
#include <string>
#include <vector>

#include "program.h"

namespace ocelli {

class Decoder {
 public:
  Decoder(const double* stream, size_t length, const KernelTable& table, Program& program)
      : stream_(stream), length_(length), table_(table), program_(program) {}

  bool run(std::string& error);

 private:
  void fail(const std::string& message);
  bool failed() const { return !error_.empty(); }

  double number();
  int64_t integer(int64_t least, int64_t most);
  int64_t size();      // 0 or more
  int64_t positive();  // 1 or more
  int64_t stride();    // of either sign
  bool flag();
  int32_t slot();
  bool isWindow(int32_t slot) const { return program_.slots_[static_cast<size_t>(slot)].kind == SlotKind::Window; }
  template <typename E>
  E choice(E last) {
    return static_cast<E>(integer(0, static_cast<int64_t>(last)));
  }
  template <typename T, typename Read>
  Span<T> list(int64_t most, Read read);

  Operand operand(size_t rank);
  Dense dense();
  Image image();
  Matrix matrix();
  ConvGeometry geometry();
  Span<int64_t> dims();
  Span<MicroOp> code(int32_t& registers, int64_t inputs, bool epilogue);
  bool epilogue(Epilogue& result);

  // Fail when the value reaches outside its slot.
  void checkElements(int32_t slot, double from, double until, int64_t elementBytes);
  void check(const Operand& operand, Span<int64_t> dims);
  void check(const Dense& dense, double count);
  void check(const Dense& dense, double count, DType dtype);
  void check(const Image& image, bool nhwc);
  void check(const Matrix& matrix, double rows, double columns, double batch, double batchStride);
  void check(const Epilogue& epilogue, double rows, double columns);
  void require(bool condition, const char* message);
  void requireWinograd(ConvAlgorithm algorithm, const ConvGeometry& g);
  void checkConv(ConvAlgorithm algorithm, const ConvGeometry& g, const Image& x, const Image& y);

  void slots();
  void instruction(Instruction& i);
  void elementwise(Elementwise& i);
  void reduce(Reduce& i);
  void matmul(Matmul& i);
  void packMatrix(PackMatrix& i);
  void conv2d(Conv2d& i);
  void packConv(PackConv& i);
  void conv2dInputGrad(Conv2dInputGrad& i);
  void conv2dWeightGrad(Conv2dWeightGrad& i);
  void maxPool2d(MaxPool2d& i);
  void poolGather(PoolGather& i);
  void poolScatter(PoolScatter& i);
  void resample(Resample& i);
  void axisOp(AxisOp& i);
  void gather(Gather& i);
  void scatterAdd(ScatterAdd& i);
  void random(Random& i);
  void iota(Iota& i);
  void chain(Chain& i);
  void checkStage(const ChainStage& stage, const ChainStage* before, bool last);

  const double* stream_;
  size_t length_;
  size_t at_ = 0;
  const KernelTable& table_;
  Program& program_;
  std::string error_;
  std::string where_;
  bool inChain_ = false;
};

}  // namespace ocelli
