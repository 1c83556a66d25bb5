#include "blocks.h"

#include <cstdlib>

#include "simd.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

template <typename T>
T* allocate(int64_t count) {
  return static_cast<T*>(std::calloc(static_cast<size_t>(count + 1), sizeof(T)));
}

Rate faster(Rate a, Rate b) { return a > b ? a : b; }

int32_t* operandIn(MicroOp& op, int i) { return i == 0 ? &op.a : i == 1 ? &op.b : &op.c; }
int32_t operandOf(const MicroOp& op, int i) { return i == 0 ? op.a : i == 1 ? op.b : op.c; }

bool constantOverAll(const Tiling& tiling, int view) {
  for (int d = 0; d < tiling.rank; d++) {
    if (tiling.views[view].strides[d] != 0 && tiling.dims[d] != 1) return false;
  }
  return true;
}

// The bytes a view touches.
void extentOf(const Tiling& tiling, int view, const char*& low, const char*& high) {
  const View& v = tiling.views[view];
  const int64_t bytes = bytesOf(v.dtype);
  low = v.base;
  high = v.base + bytes;
  for (int d = 0; d < tiling.rank; d++) {
    const int64_t reach = (tiling.dims[d] - 1) * v.strides[d] * bytes;
    if (reach < 0) low += reach;
    if (reach > 0) high += reach;
  }
}

}  // namespace

BlockProgram::BlockProgram(const Tiling& tiling, const MicroOp* code, int64_t count, int32_t registers,
                           Span<int32_t> results)
    : tiling_(tiling), inputs_(tiling.inputs), outputs_(tiling.outputs) {
  const int views = inputs_ + outputs_;
  const int64_t most = views + registers + count;
  places_ = allocate<Place>(most);
  steps_ = allocate<Step>(count + outputs_);
  int32_t* current = allocate<int32_t>(registers + inputs_);
  placeCount_ = views + registers;

  for (int k = 0; k < inputs_; k++) {
    current[k] = k;
    if (constantOverAll(tiling, k)) {
      place(k, Rate::Once, Home::Buffer);
    } else if (tiling.uniform(k)) {
      place(k, Rate::Block, Home::Buffer);
    } else {
      place(k, Rate::Element, bytesOf(tiling.views[k].dtype) == 4 && tiling.contiguous(k) ? Home::Operand : Home::Buffer);
    }
  }
  for (int j = 0; j < outputs_; j++) {
    const int v = inputs_ + j;
    place(v, Rate::Element, bytesOf(tiling.views[v].dtype) == 4 && tiling.contiguous(v) ? Home::Operand : Home::Buffer);
  }
  for (int64_t i = 0; i < count; i++) {
    Step& step = steps_[stepCount_++];
    step.op = code[i];
    step.rate = Rate::Once;
    for (int k = 0; k < operandsOf(step.op.op); k++) {
      int32_t* operand = operandIn(step.op, k);
      *operand = current[*operand];
      step.rate = faster(step.rate, places_[*operand].rate);
    }
    const int to = step.rate == Rate::Element ? views + step.op.out : placeCount_++;
    place(to, step.rate, Home::Buffer);
    current[step.op.out] = to;
    step.op.out = to;
  }

  resultCount_ = outputs_ == 0 ? static_cast<int>(results.size) : 0;
  results_ = allocate<int>(resultCount_);
  for (int r = 0; r < resultCount_; r++) results_[r] = current[results[r]];
  for (int j = 0; j < outputs_; j++) {
    const int from = current[results[j]], to = inputs_ + j;
    // The step that makes the value writes it straight to the output, unless a later step still needs an input that
    // lies in the same memory.
    const int writer = from >= views && places_[from].rate == Rate::Element ? lastWrite(from) : -1;
    bool direct = writer >= 0;
    for (int k = 0; k < inputs_ && direct; k++) {
      if (places_[to].home == Home::Buffer || places_[k].home == Home::Buffer || !overlaps(k, to)) continue;
      for (int i = writer + 1; i < stepCount_; i++) {
        for (int o = 0; o < operandsOf(steps_[i].op.op); o++) direct &= operandOf(steps_[i].op, o) != k;
      }
      for (int other = 0; other < outputs_; other++) direct &= current[results[other]] != k;
    }
    if (direct) {
      steps_[writer].op.out = to;
      for (int i = writer + 1; i < stepCount_; i++) {
        for (int o = 0; o < operandsOf(steps_[i].op.op); o++) {
          int32_t* operand = operandIn(steps_[i].op, o);
          if (*operand == from) *operand = to;
        }
      }
      for (int r = 0; r < registers; r++) {
        if (current[r] == from) current[r] = to;
      }
      continue;
    }
    // An input that is copied out while another output takes its memory is set aside first.
    if (from < inputs_ && outputs_ > 1 && places_[from].rate == Rate::Element) {
      for (int other = 0; other < outputs_; other++) {
        if (overlaps(from, inputs_ + other)) places_[from].home = Home::Buffer;
      }
    }
    Step& step = steps_[stepCount_++];
    step.op = {};
    step.op.op = MicroOpCode::Cast;
    step.op.type = step.op.from = MicroType::I32;  // a copy of the bits
    step.op.a = from;
    step.op.out = to;
    step.rate = Rate::Element;
  }

  for (int r = 0; r < resultCount_; r++) places_[results_[r]].used = true;
  for (int i = 0; i + 1 < stepCount_; i++) {
    const Step& next = steps_[i + 1];
    const bool both = steps_[i].rate == Rate::Element && next.rate == Rate::Element;
    if (both && pairs(steps_[i].op, next.op) && readsOnlyNext(i)) {
      steps_[i].first = true;
      i++;
    }
  }

  for (int i = 0; i < stepCount_; i++) {
    if (!steps_[i].first) places_[steps_[i].op.out].used = true;
    for (int o = 0; o < operandsOf(steps_[i].op.op); o++) {
      const int32_t operand = operandOf(steps_[i].op, o);
      const bool handedOver = i > 0 && steps_[i - 1].first && steps_[i - 1].op.out == operand;
      if (!handedOver) places_[operand].used = true;
    }
  }
  for (int p = 0; p < placeCount_; p++) {
    Place& place = places_[p];
    if (!place.used || place.home == Home::Operand) continue;
    place.buffer = bytes_;
    bytes_ += place.rate == Rate::Element ? bufferWords * 4 : 64;
    unbuffered_ &= place.rate != Rate::Element;
  }
  std::free(current);
}

BlockProgram::~BlockProgram() {
  std::free(places_);
  std::free(steps_);
  std::free(results_);
}

void BlockProgram::place(int at, Rate rate, Home home) { places_[at] = {rate, home, false, 0}; }

bool BlockProgram::overlaps(int input, int output) const {
  const char *aLow, *aHigh, *bLow, *bHigh;
  extentOf(tiling_, input, aLow, aHigh);
  extentOf(tiling_, output, bLow, bHigh);
  return aLow < bHigh && bLow < aHigh;
}

int BlockProgram::lastWrite(int place) const {
  for (int i = stepCount_ - 1; i >= 0; i--) {
    if (steps_[i].op.out == place) return i;
  }
  return -1;
}

// Whether the value that a step makes is read by the next one and by no other, nor is a result.
bool BlockProgram::readsOnlyNext(int step) const {
  const int32_t value = steps_[step].op.out;
  if (value < inputs_ + outputs_) return false;
  const auto reads = [&](int i) {
    bool found = false;
    for (int o = 0; o < operandsOf(steps_[i].op.op); o++) found |= operandOf(steps_[i].op, o) == value;
    return found;
  };
  if (!reads(step + 1)) return false;
  for (int i = step + 1; i < stepCount_; i++) {
    if (i > step + 1 && reads(i)) return false;
    if (steps_[i].op.out == value) return true;
  }
  for (int r = 0; r < resultCount_; r++) {
    if (results_[r] == value) return false;
  }
  return true;
}

BlockRunner::BlockRunner(const BlockProgram& program, void* buffers)
    : program_(program),
      buffers_(static_cast<char*>(buffers)),
      at_(allocate<char*>(program.placeCount_)),
      step_(allocate<int64_t>(program.placeCount_)),
      filled_(allocate<Filled>(program.inputs_)) {
  for (int p = 0; p < program.placeCount_; p++) {
    const Place& place = program.places_[p];
    step_[p] = place.rate == Rate::Element ? lanes : 0;
    if (place.home == Home::Buffer) at_[p] = buffers_ + place.buffer;
  }
}

BlockRunner::~BlockRunner() {
  std::free(at_);
  std::free(step_);
  std::free(filled_);
}

void BlockRunner::runSteps(Rate rate, int64_t n) {
  for (int i = 0; i < program_.stepCount_; i++) {
    const Step& step = program_.steps_[i];
    if (step.rate != rate) continue;
    const MicroOp& op = step.op;
    const int operands = operandsOf(op.op);
    if (step.first) {
      const MicroOp& next = program_.steps_[++i].op;
      const int c = operandsOf(next.op) < 2 ? op.b : next.a == op.out ? next.b : next.a;
      runMicroOpPair(op, next, at_[next.out], at_[op.a], step_[op.a], at_[op.b], step_[op.b], at_[c], step_[c], n);
      continue;
    }
    const int a = operands > 0 ? op.a : op.out, b = operands > 1 ? op.b : a, c = operands > 2 ? op.c : a;
    runMicroOp(op, at_[op.out], at_[a], step_[a], at_[b], step_[b], at_[c], step_[c], n);
  }
}

void BlockRunner::run(const int64_t* offsets, int64_t rows, int64_t columns) {
  const Tiling& tiling = program_.tiling_;
  for (int k = 0; k < program_.inputs_; k++) {
    const Place& place = program_.places_[k];
    if (!place.used) continue;
    const View& view = tiling.views[k];
    if (place.home == Home::Operand) {
      at_[k] = view.base + offsets[k] * 4;
      continue;
    }
    Filled& filled = filled_[k];
    const bool single = place.rate != Rate::Element;
    if (started_ && filled.offset == offsets[k] && (single || (filled.columns == columns && filled.rows >= rows))) continue;
    filled = {offsets[k], rows, columns};
    if (single) {
      loadTile(at_[k], view, offsets[k], 1, lanes, 0, 0);
    } else {
      loadTile(at_[k], view, offsets[k], rows, columns, tiling.rowStride(k), tiling.columnStride(k));
    }
  }
  for (int j = program_.inputs_; j < program_.inputs_ + program_.outputs_; j++) {
    if (program_.places_[j].home == Home::Operand) at_[j] = tiling.views[j].base + offsets[j] * 4;
  }
  if (!started_) runSteps(Rate::Once, lanes);
  started_ = true;
  runSteps(Rate::Block, lanes);
  runSteps(Rate::Element, rows * columns);
  for (int j = program_.inputs_; j < program_.inputs_ + program_.outputs_; j++) {
    if (program_.places_[j].home == Home::Operand) continue;
    storeTile(tiling.views[j], at_[j], offsets[j], rows, columns, tiling.rowStride(j), tiling.columnStride(j));
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
