// The instruction set of src/compiler/program.ts as C++ structs. Each field means what is written there.
#pragma once
#include <cstdint>

namespace ocelli {

enum class DType : int32_t { Float32, Float64, Int32, UInt8, Bool };
enum class Layout : int32_t { NCHW, NHWC };
enum class MicroType : int32_t { F32, I32 };

// In the order of MICRO_OPS in src/backends/encode.ts.
enum class MicroOpCode : int32_t {
  Const, Neg, Abs, Sign, Exp, Expm1, Log, Log1p, Sqrt, Sin, Cos, Tanh, Sigmoid, Erf, Floor, Round, Relu,
  Add, Sub, Mul, Div, Pow, Maximum, Minimum, Remainder, Equal, Less, LessEqual, Where, Cast, ToBool, ToUint8,
};

struct MicroOp {
  MicroOpCode op;
  MicroType type;
  MicroType from;  // of casts
  int32_t out, a, b, c;
  double value;  // of Const
};

// Pointers to counted arrays; the Program owns what they point to.
template <typename T>
struct Span {
  const T* data = nullptr;
  int64_t size = 0;
  const T& operator[](int64_t i) const { return data[i]; }
  const T* begin() const { return data; }
  const T* end() const { return data + size; }
};

struct Operand {
  int32_t slot;
  DType dtype;
  int64_t offset;          // elements
  Span<int64_t> strides;   // elements
};

struct Dense {
  int32_t slot;
  DType dtype;
  int64_t offset;
};

struct Image {
  int32_t slot;
  int64_t offset, n, c, h, w, pixelStride;
};

struct Matrix {
  int32_t slot;
  int64_t offset, stride;
};

struct EpilogueInput {
  bool full;  // else one value a column
  int32_t slot;
  int64_t offset, rowStride;
};

struct Epilogue {
  Span<EpilogueInput> inputs;
  Span<MicroOp> code;
  int32_t registers, result;
};

struct ConvGeometry {
  int64_t kernelH, kernelW, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups;
};

enum class ConvAlgorithm : int32_t { ImplicitGemm, Pointwise, Depthwise, Grouped, WinogradF2, WinogradF4 };
enum class ReduceKind : int32_t { Sum, Max, Prod };
enum class AxisKind : int32_t { ArgMax, CumSum, CumArgMax, ArgSort };

struct Elementwise {
  Span<int64_t> dims;
  Span<Operand> inputs, outputs;
  Span<int32_t> results;
  Span<MicroOp> code;
  int32_t registers;
};

struct Reduce {
  ReduceKind kind;
  Span<int64_t> dims;
  Span<int32_t> reduced;
  Span<Operand> inputs;
  Span<Operand> outputs;
  Span<int32_t> results;
  Span<double> scales;
  Span<MicroOp> code;
  int32_t registers;
  MicroType type;
};

struct Matmul {
  int64_t batch, m, n, k;
  bool transposeA, transposeB, packedB, hasEpilogue;
  Matrix a, b, c;
  int64_t batchStrideA, batchStrideB, batchStrideC;
  Epilogue epilogue;
};

struct PackMatrix {
  int64_t k, n;
  bool transposed;
  Matrix source;
  Dense target;
};

struct Conv2d {
  ConvAlgorithm algorithm;
  ConvGeometry geometry;
  Image x;
  Dense weight;
  bool packed, hasEpilogue;
  Image y;
  Epilogue epilogue;
};

struct PackConv {
  ConvAlgorithm algorithm;
  ConvGeometry geometry;
  int64_t outChannels, inChannels;
  Dense source, target;
};

struct Conv2dInputGrad {
  ConvAlgorithm algorithm;
  ConvGeometry geometry;
  Image dy;
  Dense weight;
  Image dx;
  bool hasEpilogue;
  Epilogue epilogue;
};

struct Conv2dWeightGrad {
  ConvAlgorithm algorithm;
  ConvGeometry geometry;
  Image x, dy;
  Dense dw;
};

struct MaxPool2d {
  Layout layout;
  ConvGeometry geometry;  // groups unused
  Image x, y;
  bool values, hasIndices;
  Dense indices;
};

// One of a chain: a convolution, or a pooling of nhwc images with no positions.
struct ChainStage {
  bool pools;
  Conv2d conv;
  MaxPool2d pool;
  const ConvGeometry& geometry() const { return pools ? pool.geometry : conv.geometry; }
  const Image& x() const { return pools ? pool.x : conv.x; }
  const Image& y() const { return pools ? pool.y : conv.y; }
};

struct Chain {
  Span<ChainStage> stages;
  int64_t rows;
};

struct PoolGather {
  Layout layout;
  Image x;
  Dense indices;
  Image y;
};

struct PoolScatter {
  Layout layout;
  Image y;
  Dense indices;
  Image x;
};

struct Resample {
  int64_t outer, inner, inSize, outSize;
  Span<int32_t> offsets, indices;
  Span<float> weights;
  Dense x, y;
};

struct AxisOp {
  AxisKind kind;
  int64_t outer, size, inner;
  bool descending;
  Dense x, y;
};

struct Gather {
  int64_t axis;
  Span<int64_t> dims, xDims;
  Dense x, index, y;
};

struct ScatterAdd {
  int64_t axis;
  Span<int64_t> dims, yDims;
  Dense index, source, y;
};

struct Random {
  int64_t size;
  Dense key, y;
};

struct Iota {
  int64_t outer, size, inner;
  double start, step;
  Dense y;
};

}  // namespace ocelli
