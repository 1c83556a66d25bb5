#include "decoder.h"

#include <cmath>

namespace ocelli {
namespace {

constexpr int64_t largest = int64_t{1} << 48;
constexpr int64_t mostRegisters = 4096;
constexpr int64_t mostEpilogueInputs = 32;  // maxEpilogueInputs of epilogue.h
constexpr int64_t highestRank = 32;         // maxRank of views.h

int64_t elementBytes(DType dtype) {
  return dtype == DType::UInt8 || dtype == DType::Bool ? 1 : dtype == DType::Float64 ? 8 : 4;
}

double count(Span<int64_t> dims) {
  double result = 1.0;
  for (int64_t dim : dims) result *= static_cast<double>(dim);
  return result;
}

// How many operands a step reads, by MicroOpCode.
int operandsOf(MicroOpCode op) {
  if (op == MicroOpCode::Const) return 0;
  if (op >= MicroOpCode::Neg && op <= MicroOpCode::Relu) return 1;
  if (op >= MicroOpCode::Add && op <= MicroOpCode::LessEqual) return 2;
  return op == MicroOpCode::Where ? 3 : 1;
}

}  // namespace

void Decoder::fail(const std::string& message) {
  if (error_.empty()) error_ = where_ + message;
}

void Decoder::require(bool condition, const char* message) {
  if (!condition) fail(message);
}

double Decoder::number() {
  if (failed()) return 0.0;
  if (at_ >= length_) {
    fail("the code ends too early");
    return 0.0;
  }
  return stream_[at_++];
}

int64_t Decoder::integer(int64_t least, int64_t most) {
  const double value = number();
  if (failed()) return least > 0 ? least : 0;
  if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) || value != std::floor(value)) {
    fail(std::to_string(value) + " is not an integer from " + std::to_string(least) + " to " + std::to_string(most) +
         " (number " + std::to_string(at_ - 1) + " of the code)");
    return least > 0 ? least : 0;
  }
  return static_cast<int64_t>(value);
}

int64_t Decoder::size() { return integer(0, largest); }
int64_t Decoder::positive() { return integer(1, largest); }
int64_t Decoder::stride() { return integer(-largest, largest); }
bool Decoder::flag() { return integer(0, 1) == 1; }

int32_t Decoder::slot() {
  const int32_t slot = static_cast<int32_t>(integer(0, static_cast<int64_t>(program_.slots_.size()) - 1));
  require(failed() || inChain_ || !isWindow(slot), "a window is used outside a chain");
  return slot;
}

template <typename T, typename Read>
Span<T> Decoder::list(int64_t most, Read read) {
  const int64_t n = integer(0, most);
  // Every element takes at least one number of the stream.
  if (!failed() && static_cast<size_t>(n) > length_ - at_) fail("a list is longer than the code");
  if (failed()) return {};
  std::unique_ptr<char[]> memory(new char[static_cast<size_t>(n) * sizeof(T) + 1]);
  T* data = reinterpret_cast<T*>(memory.get());
  for (int64_t i = 0; i < n; ++i) data[i] = read();
  program_.memory_.push_back(std::move(memory));
  return {data, n};
}

Span<int64_t> Decoder::dims() {
  return list<int64_t>(highestRank, [&] { return size(); });
}

Operand Decoder::operand(size_t rank) {
  Operand o{};
  o.slot = slot();
  o.dtype = choice(DType::Bool);
  require(o.dtype != DType::Float64, "float64 runs on the reference backend only");
  o.offset = size();
  o.strides = list<int64_t>(highestRank, [&] { return stride(); });
  require(failed() || static_cast<size_t>(o.strides.size) == rank, "an operand needs one stride for each dim");
  return o;
}

Dense Decoder::dense() {
  Dense d{};
  d.slot = slot();
  d.dtype = choice(DType::Bool);
  require(d.dtype != DType::Float64, "float64 runs on the reference backend only");
  d.offset = size();
  return d;
}

Image Decoder::image() {
  Image i{};
  i.slot = slot();
  i.offset = size();
  i.n = size();
  i.c = size();
  i.h = size();
  i.w = size();
  i.pixelStride = size();
  return i;
}

Matrix Decoder::matrix() {
  Matrix m{};
  m.slot = slot();
  m.offset = size();
  m.stride = size();
  return m;
}

ConvGeometry Decoder::geometry() {
  ConvGeometry g{};
  constexpr int64_t most = 1 << 20;
  g.kernelH = integer(1, most);
  g.kernelW = integer(1, most);
  g.strideH = integer(1, most);
  g.strideW = integer(1, most);
  g.padTop = integer(-most, most);
  g.padLeft = integer(-most, most);
  g.dilationH = integer(1, most);
  g.dilationW = integer(1, most);
  g.groups = integer(1, most);
  return g;
}

Span<MicroOp> Decoder::code(int32_t& registers, int64_t inputs, bool epilogue) {
  registers = static_cast<int32_t>(integer(epilogue ? 1 : 0, mostRegisters));
  require(failed() || inputs <= registers, "there are more inputs than registers");
  auto one = [&] { return static_cast<int32_t>(integer(0, int64_t{registers} - 1)); };
  return list<MicroOp>(largest, [&] {
    MicroOp op{};
    op.op = choice(MicroOpCode::ToUint8);
    op.type = choice(MicroType::I32);
    op.from = choice(MicroType::I32);
    op.out = one();
    const int operands = operandsOf(op.op);
    if (operands > 0) op.a = one();
    if (operands > 1) op.b = one();
    if (operands > 2) op.c = one();
    if (operands == 0) op.value = number();
    return op;
  });
}

bool Decoder::epilogue(Epilogue& e) {
  e = Epilogue{};
  if (!flag()) return false;
  e.inputs = list<EpilogueInput>(mostEpilogueInputs, [&] {
    EpilogueInput input{};
    input.full = flag();
    input.slot = slot();
    input.offset = size();
    if (input.full) input.rowStride = size();
    return input;
  });
  e.code = code(e.registers, e.inputs.size + 1, true);
  e.result = static_cast<int32_t>(integer(0, int64_t{e.registers} - 1));
  return true;
}

void Decoder::checkElements(int32_t slot, double from, double until, int64_t bytes) {
  if (failed() || until <= from) return;
  const double room = std::floor(static_cast<double>(program_.slots_[slot].bytes) / static_cast<double>(bytes));
  if (from < 0.0 || until > room) {
    fail("elements " + std::to_string(static_cast<int64_t>(from)) + " to " +
         std::to_string(static_cast<int64_t>(until)) + " of slot " + std::to_string(slot) +
         " are asked for, which holds " + std::to_string(static_cast<int64_t>(room)));
  }
}

void Decoder::check(const Operand& o, Span<int64_t> dims) {
  if (failed()) return;
  double low = static_cast<double>(o.offset), high = low;
  for (int64_t d = 0; d < dims.size; ++d) {
    if (dims[d] == 0) return;
    const double reach = static_cast<double>(dims[d] - 1) * static_cast<double>(o.strides[d]);
    (reach < 0.0 ? low : high) += reach;
  }
  checkElements(o.slot, low, high + 1.0, elementBytes(o.dtype));
}

void Decoder::check(const Dense& d, double count) {
  if (failed()) return;
  checkElements(d.slot, static_cast<double>(d.offset), static_cast<double>(d.offset) + count, elementBytes(d.dtype));
}

void Decoder::check(const Dense& d, double count, DType dtype) {
  require(d.dtype == dtype, dtype == DType::Int32 ? "an int32 value is needed" : "a float32 value is needed");
  check(d, count);
}

void Decoder::check(const Image& i, bool nhwc) {
  if (failed()) return;
  require(i.pixelStride >= i.c, "an image's pixelStride is less than its channels");
  require(nhwc || i.pixelStride == i.c, "an nchw image's pixelStride must be its number of channels");
  const double pixels = static_cast<double>(i.n) * static_cast<double>(i.h) * static_cast<double>(i.w);
  if (pixels == 0.0 || i.c == 0) return;
  const double from = static_cast<double>(i.offset);
  checkElements(i.slot, from, from + (pixels - 1.0) * static_cast<double>(i.pixelStride) + static_cast<double>(i.c), 4);
}

void Decoder::check(const Matrix& m, double rows, double columns, double batch, double batchStride) {
  if (failed() || rows == 0.0 || columns == 0.0 || batch == 0.0) return;
  require(rows <= 1.0 || static_cast<double>(m.stride) >= columns, "a matrix's stride is less than its columns");
  const double from = static_cast<double>(m.offset);
  checkElements(m.slot, from,
                from + (batch - 1.0) * batchStride + (rows - 1.0) * static_cast<double>(m.stride) + columns, 4);
}

void Decoder::check(const Epilogue& e, double rows, double columns) {
  if (failed() || rows == 0.0 || columns == 0.0) return;
  for (const EpilogueInput& input : e.inputs) {
    const double from = static_cast<double>(input.offset);
    const double before = input.full ? (rows - 1.0) * static_cast<double>(input.rowStride) : 0.0;
    checkElements(input.slot, from, from + before + columns, 4);
  }
}

void Decoder::checkConv(ConvAlgorithm algorithm, const ConvGeometry& g, const Image& x, const Image& y) {
  check(x, true);
  check(y, true);
  require(x.n == y.n, "the images of a convolution differ in number");
  require(x.c % g.groups == 0 && y.c % g.groups == 0, "the channels of a convolution are no multiple of its groups");
  const double taps = static_cast<double>(g.kernelH) * static_cast<double>(g.kernelW);
  require(taps <= 1 << 24, "a convolution's kernel is too large");
  if (algorithm == ConvAlgorithm::Depthwise) {
    require(x.c == g.groups && y.c == g.groups, "a depthwise convolution has one channel for each group");
  }
  if (algorithm == ConvAlgorithm::Pointwise) {
    require(taps == 1.0 && g.strideH == 1 && g.strideW == 1 && g.padTop == 0 && g.padLeft == 0 && g.groups == 1 &&
                x.h == y.h && x.w == y.w,
            "a pointwise convolution has a 1x1 kernel, stride 1, no padding and one group");
  }
  requireWinograd(algorithm, g);
}

void Decoder::requireWinograd(ConvAlgorithm algorithm, const ConvGeometry& g) {
  if (algorithm != ConvAlgorithm::WinogradF2 && algorithm != ConvAlgorithm::WinogradF4) return;
  require(g.kernelH == 3 && g.kernelW == 3 && g.strideH == 1 && g.strideW == 1 && g.dilationH == 1 && g.dilationW == 1 &&
              g.groups == 1,
          "a Winograd convolution has a 3x3 kernel, stride 1, dilation 1 and one group");
}

void Decoder::slots() {
  program_.arenaBytes_ = size();
  program_.exactSums_ = flag();
  const int64_t externals = integer(0, 1 << 24);
  if (failed()) return;
  program_.externalBytes_.assign(static_cast<size_t>(externals), 0);
  const int64_t n = integer(0, 1 << 28);
  for (int64_t i = 0; i < n && !failed(); ++i) {
    Slot s{};
    s.kind = choice(SlotKind::Window);
    s.place = s.kind == SlotKind::External ? integer(0, externals - 1) : s.kind == SlotKind::Arena ? size() : 0;
    s.bytes = size();
    if (failed()) return;
    if (s.kind == SlotKind::External) {
      int64_t& bytes = program_.externalBytes_[static_cast<size_t>(s.place)];
      bytes = bytes > s.bytes ? bytes : s.bytes;
    } else if (s.kind == SlotKind::Arena) {
      require(s.place % 4 == 0, "a slot's offset in the arena is no multiple of 4");
      require(s.place + s.bytes <= program_.arenaBytes_, "a slot reaches beyond the arena");
    }
    program_.slots_.push_back(s);
  }
}

bool Decoder::run(std::string& error) {
  where_ = "slots: ";
  slots();
  const int64_t n = integer(0, 1 << 28);
  for (int64_t i = 0; i < n && !failed(); ++i) {
    where_ = "instruction " + std::to_string(i) + ": ";
    Instruction next;
    instruction(next);
    program_.instructions_.push_back(next);
  }
  where_.clear();
  if (!failed() && at_ != length_) fail("the code goes on after the last instruction");
  error = error_;
  return !failed();
}

void Decoder::instruction(Instruction& i) {
  static const char* const names[] = {
      "elementwise", "reduce",     "matmul",      "packMatrix", "conv2d", "packConv", "conv2dInputGrad", "conv2dWeightGrad",
      "maxPool2d",   "poolGather", "poolScatter", "resample",   "axisOp", "gather",   "scatterAdd",      "random",
      "iota",        "chain"};
  i.code = choice(InstructionCode::Chain);
  if (failed()) return;
  where_ += std::string(names[static_cast<int32_t>(i.code)]) + ": ";
  switch (i.code) {
    case InstructionCode::Elementwise: return elementwise(i.elementwise);
    case InstructionCode::Reduce: return reduce(i.reduce);
    case InstructionCode::Matmul: return matmul(i.matmul);
    case InstructionCode::PackMatrix: return packMatrix(i.packMatrix);
    case InstructionCode::Conv2d: return conv2d(i.conv2d);
    case InstructionCode::PackConv: return packConv(i.packConv);
    case InstructionCode::Conv2dInputGrad: return conv2dInputGrad(i.conv2dInputGrad);
    case InstructionCode::Conv2dWeightGrad: return conv2dWeightGrad(i.conv2dWeightGrad);
    case InstructionCode::MaxPool2d: return maxPool2d(i.maxPool2d);
    case InstructionCode::PoolGather: return poolGather(i.poolGather);
    case InstructionCode::PoolScatter: return poolScatter(i.poolScatter);
    case InstructionCode::Resample: return resample(i.resample);
    case InstructionCode::AxisOp: return axisOp(i.axisOp);
    case InstructionCode::Gather: return gather(i.gather);
    case InstructionCode::ScatterAdd: return scatterAdd(i.scatterAdd);
    case InstructionCode::Random: return random(i.random);
    case InstructionCode::Iota: return iota(i.iota);
    case InstructionCode::Chain: return chain(i.chain);
  }
}

void Decoder::elementwise(Elementwise& i) {
  i = Elementwise{};
  i.dims = dims();
  const size_t rank = static_cast<size_t>(i.dims.size);
  i.inputs = list<Operand>(mostRegisters, [&] { return operand(rank); });
  i.outputs = list<Operand>(mostRegisters, [&] { return operand(rank); });
  i.code = code(i.registers, i.inputs.size, false);
  i.results = list<int32_t>(mostRegisters, [&] { return static_cast<int32_t>(integer(0, int64_t{i.registers} - 1)); });
  require(failed() || i.results.size == i.outputs.size, "there must be one result for each output");
  for (const Operand& o : i.inputs) check(o, i.dims);
  for (const Operand& o : i.outputs) check(o, i.dims);
}

void Decoder::reduce(Reduce& i) {
  i = Reduce{};
  i.kind = choice(ReduceKind::Prod);
  i.dims = dims();
  const size_t rank = static_cast<size_t>(i.dims.size);
  i.reduced = list<int32_t>(highestRank, [&] { return static_cast<int32_t>(flag()); });
  require(failed() || static_cast<size_t>(i.reduced.size) == rank, "`reduced` needs one flag for each dim");
  i.inputs = list<Operand>(mostRegisters, [&] { return operand(rank); });
  i.outputs = list<Operand>(mostRegisters, [&] { return operand(rank); });
  i.code = code(i.registers, i.inputs.size, false);
  i.results = list<int32_t>(mostRegisters, [&] { return static_cast<int32_t>(integer(0, int64_t{i.registers} - 1)); });
  i.scales = list<double>(mostRegisters, [&] { return number(); });
  i.type = choice(MicroType::I32);
  require(failed() || i.outputs.size > 0, "a reduction needs an output");
  require(failed() || (i.results.size == i.outputs.size && i.scales.size == i.outputs.size),
          "there must be one result and one scale for each output");
  for (const Operand& o : i.inputs) check(o, i.dims);
  if (failed()) return;
  for (const Operand& o : i.outputs) {
    for (int64_t d = 0; d < i.dims.size; ++d) {
      require(!i.reduced[d] || o.strides[d] == 0, "an output's stride along a reduced dim must be 0");
    }
  }
  // A reduced dim of size 0 still has an output, at its start.
  std::vector<int64_t> kept(i.dims.begin(), i.dims.end());
  for (int64_t d = 0; d < i.dims.size; ++d) {
    if (i.reduced[d]) kept[static_cast<size_t>(d)] = 1;
  }
  for (const Operand& o : i.outputs) check(o, {kept.data(), i.dims.size});
}

void Decoder::matmul(Matmul& i) {
  i = Matmul{};
  i.batch = size();
  i.m = size();
  i.n = size();
  i.k = size();
  i.transposeA = flag();
  i.transposeB = flag();
  i.a = matrix();
  i.b = matrix();
  i.c = matrix();
  i.batchStrideA = size();
  i.batchStrideB = size();
  i.batchStrideC = size();
  i.packedB = flag();
  i.hasEpilogue = epilogue(i.epilogue);
  if (failed()) return;
  const double batch = static_cast<double>(i.batch), m = static_cast<double>(i.m), n = static_cast<double>(i.n);
  const double k = static_cast<double>(i.k);
  check(i.a, i.transposeA ? k : m, i.transposeA ? m : k, batch, static_cast<double>(i.batchStrideA));
  if (i.packedB) {
    const double from = static_cast<double>(i.b.offset);
    const double floats = static_cast<double>(table_.packedMatrixBytes(i.k, i.n)) / 4.0;
    if (batch * m > 0.0) {
      checkElements(i.b.slot, from, from + (batch - 1.0) * static_cast<double>(i.batchStrideB) + floats, 4);
    }
  } else {
    check(i.b, i.transposeB ? n : k, i.transposeB ? k : n, batch, static_cast<double>(i.batchStrideB));
  }
  check(i.c, m, n, batch, static_cast<double>(i.batchStrideC));
  check(i.epilogue, batch * m, n);
}

void Decoder::packMatrix(PackMatrix& i) {
  i = PackMatrix{};
  i.k = size();
  i.n = size();
  i.transposed = flag();
  i.source = matrix();
  i.target = dense();
  if (failed()) return;
  const double k = static_cast<double>(i.k), n = static_cast<double>(i.n);
  check(i.source, i.transposed ? n : k, i.transposed ? k : n, 1.0, 0.0);
  check(i.target, static_cast<double>(table_.packedMatrixBytes(i.k, i.n)) / 4.0, DType::Float32);
}

void Decoder::conv2d(Conv2d& i) {
  i = Conv2d{};
  i.algorithm = choice(ConvAlgorithm::WinogradF4);
  i.geometry = geometry();
  i.x = image();
  i.weight = dense();
  i.packed = flag();
  i.y = image();
  i.hasEpilogue = epilogue(i.epilogue);
  checkConv(i.algorithm, i.geometry, i.x, i.y);
  if (failed()) return;
  const ConvGeometry& g = i.geometry;
  const double weights = static_cast<double>(i.y.c) * static_cast<double>(i.x.c / g.groups) *
                         static_cast<double>(g.kernelH * g.kernelW);
  const double packed = static_cast<double>(table_.packedConvBytes(i.algorithm, g, i.y.c, i.x.c)) / 4.0;
  check(i.weight, i.packed ? packed : weights, DType::Float32);
  check(i.epilogue, static_cast<double>(i.y.n) * static_cast<double>(i.y.h) * static_cast<double>(i.y.w),
        static_cast<double>(i.y.c));
}

void Decoder::packConv(PackConv& i) {
  i = PackConv{};
  i.algorithm = choice(ConvAlgorithm::WinogradF4);
  i.geometry = geometry();
  i.outChannels = size();
  i.inChannels = size();
  i.source = dense();
  i.target = dense();
  if (failed()) return;
  const ConvGeometry& g = i.geometry;
  require(i.inChannels % g.groups == 0 && i.outChannels % g.groups == 0,
          "the channels of a convolution are no multiple of its groups");
  if (i.algorithm == ConvAlgorithm::Depthwise) {
    require(i.inChannels == g.groups && i.outChannels == g.groups, "a depthwise convolution has one channel for each group");
  }
  const double taps = static_cast<double>(g.kernelH) * static_cast<double>(g.kernelW);
  require(taps <= 1 << 24, "a convolution's kernel is too large");
  requireWinograd(i.algorithm, g);
  if (failed()) return;
  check(i.source, static_cast<double>(i.outChannels) * static_cast<double>(i.inChannels / g.groups) * taps,
        DType::Float32);
  check(i.target, static_cast<double>(table_.packedConvBytes(i.algorithm, g, i.outChannels, i.inChannels)) / 4.0,
        DType::Float32);
}

void Decoder::conv2dInputGrad(Conv2dInputGrad& i) {
  i = Conv2dInputGrad{};
  i.algorithm = choice(ConvAlgorithm::WinogradF4);
  i.geometry = geometry();
  i.dy = image();
  i.weight = dense();
  i.dx = image();
  i.hasEpilogue = epilogue(i.epilogue);
  checkConv(i.algorithm, i.geometry, i.dx, i.dy);
  if (failed()) return;
  const ConvGeometry& g = i.geometry;
  check(i.weight,
        static_cast<double>(i.dy.c) * static_cast<double>(i.dx.c / g.groups) * static_cast<double>(g.kernelH * g.kernelW),
        DType::Float32);
  check(i.epilogue, static_cast<double>(i.dx.n) * static_cast<double>(i.dx.h) * static_cast<double>(i.dx.w),
        static_cast<double>(i.dx.c));
}

void Decoder::conv2dWeightGrad(Conv2dWeightGrad& i) {
  i = Conv2dWeightGrad{};
  i.algorithm = choice(ConvAlgorithm::WinogradF4);
  i.geometry = geometry();
  i.x = image();
  i.dy = image();
  i.dw = dense();
  checkConv(i.algorithm, i.geometry, i.x, i.dy);
  if (failed()) return;
  const ConvGeometry& g = i.geometry;
  check(i.dw,
        static_cast<double>(i.dy.c) * static_cast<double>(i.x.c / g.groups) * static_cast<double>(g.kernelH * g.kernelW),
        DType::Float32);
}

void Decoder::maxPool2d(MaxPool2d& i) {
  i = MaxPool2d{};
  i.layout = choice(Layout::NHWC);
  i.geometry = geometry();
  i.x = image();
  i.y = image();
  i.values = flag();
  i.hasIndices = flag();
  if (i.hasIndices) i.indices = dense();
  if (failed()) return;
  const bool nhwc = i.layout == Layout::NHWC;
  check(i.x, nhwc);
  if (i.values) check(i.y, nhwc);
  require(i.x.n == i.y.n && i.x.c == i.y.c, "the images of a pooling differ in number or channels");
  if (i.hasIndices) {
    check(i.indices,
          static_cast<double>(i.y.n) * static_cast<double>(i.y.c) * static_cast<double>(i.y.h) * static_cast<double>(i.y.w),
          DType::Int32);
  }
}

void Decoder::poolGather(PoolGather& i) {
  i = PoolGather{};
  i.layout = choice(Layout::NHWC);
  i.x = image();
  i.indices = dense();
  i.y = image();
  if (failed()) return;
  const bool nhwc = i.layout == Layout::NHWC;
  check(i.x, nhwc);
  check(i.y, nhwc);
  require(i.x.n == i.y.n && i.x.c == i.y.c, "the images of a pooling differ in number or channels");
  check(i.indices,
        static_cast<double>(i.y.n) * static_cast<double>(i.y.c) * static_cast<double>(i.y.h) * static_cast<double>(i.y.w),
        DType::Int32);
}

void Decoder::poolScatter(PoolScatter& i) {
  i = PoolScatter{};
  i.layout = choice(Layout::NHWC);
  i.y = image();
  i.indices = dense();
  i.x = image();
  if (failed()) return;
  const bool nhwc = i.layout == Layout::NHWC;
  check(i.x, nhwc);
  check(i.y, nhwc);
  require(i.x.n == i.y.n && i.x.c == i.y.c, "the images of a pooling differ in number or channels");
  check(i.indices,
        static_cast<double>(i.y.n) * static_cast<double>(i.y.c) * static_cast<double>(i.y.h) * static_cast<double>(i.y.w),
        DType::Int32);
}

void Decoder::resample(Resample& i) {
  i = Resample{};
  i.outer = size();
  i.inner = size();
  i.inSize = size();
  i.outSize = size();
  constexpr int64_t most = (int64_t{1} << 31) - 1;
  i.offsets = list<int32_t>(most, [&] { return static_cast<int32_t>(integer(0, most)); });
  i.indices = list<int32_t>(most, [&] { return static_cast<int32_t>(integer(0, i.inSize - 1)); });
  i.weights = list<float>(most, [&] { return static_cast<float>(number()); });
  i.x = dense();
  i.y = dense();
  if (failed()) return;
  require(i.offsets.size == i.outSize + 1 && i.indices.size == i.weights.size, "the taps' lists do not fit together");
  if (failed()) return;
  require(i.offsets[0] == 0 && i.offsets[i.outSize] == i.indices.size, "the taps' offsets do not span their indices");
  for (int64_t o = 0; o < i.outSize; ++o) require(i.offsets[o] <= i.offsets[o + 1], "the taps' offsets fall");
  const double around = static_cast<double>(i.outer) * static_cast<double>(i.inner);
  check(i.x, around * static_cast<double>(i.inSize), DType::Float32);
  check(i.y, around * static_cast<double>(i.outSize), DType::Float32);
}

void Decoder::axisOp(AxisOp& i) {
  i = AxisOp{};
  i.kind = choice(AxisKind::ArgSort);
  i.outer = size();
  i.size = size();
  i.inner = size();
  i.descending = flag();
  i.x = dense();
  i.y = dense();
  if (failed()) return;
  const double around = static_cast<double>(i.outer) * static_cast<double>(i.inner);
  const double all = around * static_cast<double>(i.size);
  check(i.x, all);
  require(i.kind != AxisKind::ArgMax || i.size > 0 || around == 0.0, "argMax over nothing");
  if (i.kind == AxisKind::CumSum) {
    require(i.x.dtype == i.y.dtype, "a cumulative sum has the dtype of its input");
    check(i.y, all);
  } else {
    check(i.y, i.kind == AxisKind::ArgMax ? around : all, DType::Int32);
  }
}

void Decoder::gather(Gather& i) {
  i = Gather{};
  i.axis = integer(0, highestRank - 1);
  i.dims = dims();
  i.xDims = dims();
  i.x = dense();
  i.index = dense();
  i.y = dense();
  if (failed()) return;
  require(i.dims.size == i.xDims.size && i.axis < i.dims.size, "gather needs operands of one rank, and an axis of it");
  if (failed()) return;
  for (int64_t d = 0; d < i.dims.size; ++d) {
    require(d == i.axis || i.dims[d] <= i.xDims[d], "gather's index is larger than what it indexes");
  }
  require(i.x.dtype == i.y.dtype, "gather's result has the dtype of its input");
  check(i.x, count(i.xDims));
  check(i.index, count(i.dims), DType::Int32);
  check(i.y, count(i.dims));
}

void Decoder::scatterAdd(ScatterAdd& i) {
  i = ScatterAdd{};
  i.axis = integer(0, highestRank - 1);
  i.dims = dims();
  i.yDims = dims();
  i.index = dense();
  i.source = dense();
  i.y = dense();
  if (failed()) return;
  require(i.dims.size == i.yDims.size && i.axis < i.dims.size, "scatterAdd needs operands of one rank, and an axis of it");
  if (failed()) return;
  for (int64_t d = 0; d < i.dims.size; ++d) {
    require(d == i.axis || i.dims[d] <= i.yDims[d], "scatterAdd's index is larger than what it adds into");
  }
  require(i.source.dtype == i.y.dtype, "scatterAdd's result has the dtype of its source");
  check(i.index, count(i.dims), DType::Int32);
  check(i.source, count(i.dims));
  check(i.y, count(i.yDims));
}

void Decoder::random(Random& i) {
  i = Random{};
  i.size = size();
  i.key = dense();
  i.y = dense();
  check(i.key, 4.0, DType::Int32);
  check(i.y, static_cast<double>(i.size), DType::Float32);
}

void Decoder::iota(Iota& i) {
  i = Iota{};
  i.outer = size();
  i.size = size();
  i.inner = size();
  i.start = number();
  i.step = number();
  i.y = dense();
  check(i.y, static_cast<double>(i.outer) * static_cast<double>(i.size) * static_cast<double>(i.inner));
}

void Decoder::chain(Chain& i) {
  i = Chain{};
  i.rows = positive();
  inChain_ = true;
  i.stages = list<ChainStage>(64, [&] {
    ChainStage stage{};
    stage.pools = flag();
    if (stage.pools) {
      maxPool2d(stage.pool);
    } else {
      conv2d(stage.conv);
    }
    return stage;
  });
  inChain_ = false;
  require(failed() || i.stages.size > 1, "a chain has two stages or more");
  for (int64_t s = 0; s < i.stages.size && !failed(); ++s) {
    checkStage(i.stages[s], s == 0 ? nullptr : &i.stages[s - 1], s + 1 == i.stages.size);
  }
}

void Decoder::checkStage(const ChainStage& stage, const ChainStage* before, bool last) {
  const Image& x = stage.x();
  const Image& y = stage.y();
  if (stage.pools) {
    require(stage.pool.layout == Layout::NHWC && stage.pool.values && !stage.pool.hasIndices,
            "a chain pools nhwc images, and gives no positions");
  } else {
    bool others = isWindow(stage.conv.weight.slot);
    for (const EpilogueInput& input : stage.conv.epilogue.inputs) others = others || isWindow(input.slot);
    require(!others, "a window is used for other than the image that goes from stage to stage");
  }
  require(isWindow(x.slot) == (before != nullptr) && isWindow(y.slot) == !last,
          "a chain's windows are the images that go from stage to stage");
  require(last || (y.offset == 0 && y.pixelStride == y.c), "a window holds nothing but its image");
  if (before == nullptr) return;
  const Image& given = before->y();
  require(x.slot == given.slot && x.offset == 0 && x.n == given.n && x.c == given.c && x.h == given.h && x.w == given.w &&
              x.pixelStride == x.c,
          "a stage of a chain reads what the one before it wrote");
}

}  // namespace ocelli
