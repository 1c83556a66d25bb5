#include "epilogue.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

// What a register holds, as far as recognition needs to know.
struct Value {
  enum Kind { Unknown, Constant, Column, Full, Condition, Chain, HardStep } kind = Unknown;
  float constant = 0.0f;
  int input = -1;
  bool rectified = false;  // Full: max(input, 0)
  // Of Chain: clamp(product + bias + residual, low, high) where gateLow < gate < gateHigh, else 0.
  int bias = -1, residual = -1, gate = -1;
  float low = -__builtin_inff(), high = __builtin_inff();
  bool clamped = false;
  Activation activation = Activation::None;
  // Of HardStep: how many steps of relu6(chain + 3) / 6 are done.
  int steps = 0;
  float gateLow = -__builtin_inff(), gateHigh = __builtin_inff();
  // Of Condition: input > bound (above) or input < bound. Of Chain: whether a gate lets NaN pass.
  bool above = false;
  float bound = 0.0f;
  bool passesNaN = false;
};

constexpr int maxRegisters = 64;

// Whether more can be done to the chain than an activation.
bool isOpen(const Value& a) { return a.kind == Value::Chain && a.activation == Activation::None; }

// The step of relu6(x + 3) / 6 after so many others.
Value hardStep(const Value& a, int after) {
  if (after == 0 ? !isOpen(a) || a.gate >= 0 : a.kind != Value::HardStep || a.steps != after) return {};
  Value result = a;
  result.kind = Value::HardStep;
  result.steps = after + 1;
  return result;
}

Value activated(const Value& a, Activation activation) {
  if (!isOpen(a) || a.gate >= 0) return {};
  Value result = a;
  result.activation = activation;
  return result;
}

bool isConstant(const Value& a, float x) { return a.kind == Value::Constant && a.constant == x; }

// x sigmoid(x) and the like: of the same x.
Value timesItself(const Value& x, const Value& activated) {
  if (!isOpen(x) || x.gate >= 0 || activated.kind != Value::Chain) return {};
  if (x.bias != activated.bias || x.residual != activated.residual || x.low != activated.low || x.high != activated.high) {
    return {};
  }
  Value result = activated;
  if (activated.activation == Activation::Sigmoid) {
    result.activation = Activation::Silu;
  } else if (activated.activation == Activation::HardSigmoid) {
    result.activation = Activation::HardSwish;
  } else {
    return {};
  }
  return result;
}

Value multiply(const Value& a, const Value& b) {
  if (a.kind == Value::Constant) return multiply(b, a);
  if (isConstant(b, 1.0f / 6.0f)) {
    Value result = hardStep(a, 3);
    if (result.kind != Value::HardStep) return {};
    result.kind = Value::Chain;
    result.activation = Activation::HardSigmoid;
    return result;
  }
  return isOpen(a) ? timesItself(a, b) : timesItself(b, a);
}

Value add(const Value& a, const Value& b) {
  if (a.kind != Value::Chain) return b.kind == Value::Chain ? add(b, a) : Value{};
  if (isConstant(b, 3.0f)) return hardStep(a, 0);
  if (a.clamped || a.gate >= 0 || !isOpen(a)) return {};
  Value result = a;
  if (b.kind == Value::Column && a.bias < 0) {
    result.bias = b.input;
    return result;
  }
  if (b.kind == Value::Full && !b.rectified && a.residual < 0) {
    result.residual = b.input;
    return result;
  }
  return {};
}

Value clampBelow(const Value& a, float low) {
  if (a.kind == Value::HardStep) return low == 0.0f ? hardStep(a, 1) : Value{};
  if (!isOpen(a) || a.gate >= 0 || !(low <= a.high)) return {};
  Value result = a;
  result.low = low > a.low ? low : a.low;
  result.clamped = true;
  return result;
}

Value clampAbove(const Value& a, float high) {
  if (a.kind == Value::HardStep) return high == 6.0f ? hardStep(a, 2) : Value{};
  if (!isOpen(a) || a.gate >= 0 || !(high >= a.low)) return {};
  Value result = a;
  result.high = high < a.high ? high : a.high;
  result.clamped = true;
  return result;
}

float following(float x) { return __builtin_nextafterf(x, __builtin_inff()); }
float preceding(float x) { return __builtin_nextafterf(x, -__builtin_inff()); }

// a < b or a <= b, one a constant and one an operand.
Value compare(const Value& a, const Value& b, bool orEqual) {
  Value result;
  const Value& full = a.kind == Value::Full ? a : b;
  const Value& constant = a.kind == Value::Full ? b : a;
  if (full.kind != Value::Full || constant.kind != Value::Constant) return {};
  const float c = constant.constant;
  // The rectified operand and the operand itself are on the same side of bounds that are not below 0.
  if (full.rectified && !(c >= 0.0f && (c > 0.0f || !orEqual))) return {};
  result.kind = Value::Condition;
  result.input = full.input;
  result.above = a.kind == Value::Constant;
  result.bound = !orEqual ? c : result.above ? preceding(c) : following(c);
  return result;
}

// The chain where the condition holds (or, `negated`, where it does not), else 0.
Value gated(const Value& condition, const Value& chain, bool negated) {
  if (condition.kind != Value::Condition || !isOpen(chain)) return {};
  if (chain.gate >= 0 && chain.gate != condition.input) return {};
  Value result = chain;
  result.passesNaN = negated && (chain.gate < 0 || chain.passesNaN);
  result.gate = condition.input;
  const bool above = condition.above != negated;
  // Not above the bound: below the number after it.
  const float bound = !negated ? condition.bound : above ? preceding(condition.bound) : following(condition.bound);
  if (above) {
    result.gateLow = bound > chain.gateLow ? bound : chain.gateLow;
  } else {
    result.gateHigh = bound < chain.gateHigh ? bound : chain.gateHigh;
  }
  return result;
}

bool isZero(const Value& value) { return value.kind == Value::Constant && value.constant == 0.0f; }

Value step(const MicroOp& op, const Value* values) {
  if (op.type != MicroType::F32) return {};
  switch (op.op) {
    case MicroOpCode::Const: {
      Value result;
      result.kind = Value::Constant;
      result.constant = static_cast<float>(op.value);
      return result;
    }
    case MicroOpCode::Add:
      return add(values[op.a], values[op.b]);
    case MicroOpCode::Mul:
      return multiply(values[op.a], values[op.b]);
    case MicroOpCode::Sigmoid:
      return activated(values[op.a], Activation::Sigmoid);
    case MicroOpCode::Relu: {
      if (values[op.a].kind != Value::Full) return clampBelow(values[op.a], 0.0f);
      Value result = values[op.a];
      result.rectified = true;
      return result;
    }
    case MicroOpCode::Less:
      return compare(values[op.a], values[op.b], false);
    case MicroOpCode::LessEqual:
      return compare(values[op.a], values[op.b], true);
    case MicroOpCode::Where:
      if (isZero(values[op.c])) return gated(values[op.a], values[op.b], false);
      if (isZero(values[op.b])) return gated(values[op.a], values[op.c], true);
      return {};
    case MicroOpCode::Maximum:
      if (values[op.b].kind == Value::Constant) return clampBelow(values[op.a], values[op.b].constant);
      if (values[op.a].kind == Value::Constant) return clampBelow(values[op.b], values[op.a].constant);
      return {};
    case MicroOpCode::Minimum:
      if (values[op.b].kind == Value::Constant) return clampAbove(values[op.a], values[op.b].constant);
      if (values[op.a].kind == Value::Constant) return clampAbove(values[op.b], values[op.a].constant);
      return {};
    default:
      return {};
  }
}

bool recognise(const Epilogue& epilogue, Value& result) {
  if (epilogue.registers > maxRegisters) return false;
  Value values[maxRegisters];
  values[0].kind = Value::Chain;
  for (int64_t i = 0; i < epilogue.inputs.size; ++i) {
    values[1 + i].kind = epilogue.inputs[i].full ? Value::Full : Value::Column;
    values[1 + i].input = static_cast<int>(i);
  }
  for (const MicroOp& op : epilogue.code) values[op.out] = step(op, values);
  result = values[epilogue.result];
  return result.kind == Value::Chain && !result.passesNaN;
}

}  // namespace

OutputStage OutputStage::fromColumn(int64_t offset) const {
  OutputStage stage = *this;
  stage.finish = finish.from(0, offset);
  if (code != nullptr) {
    for (int64_t i = 0; i < code->inputs.size; ++i) stage.inputs[i] += offset;
  }
  return stage;
}

OutputStage resolveEpilogue(const Epilogue* epilogue, const Context& context) {
  OutputStage stage;
  stage.sumDepth = context.sumDepth;
  if (epilogue == nullptr) return stage;
  auto address = [&](int64_t i) {
    return static_cast<const float*>(context.at<float>(epilogue->inputs[i].slot, epilogue->inputs[i].offset));
  };
  Value value;
  if (recognise(*epilogue, value)) {
    Finish& finish = stage.finish;
    if (value.bias >= 0) finish.bias = address(value.bias);
    if (value.residual >= 0) {
      finish.residual = address(value.residual);
      finish.residualStride = epilogue->inputs[value.residual].rowStride;
    }
    finish.low = value.low;
    finish.high = value.high;
    finish.activation = value.activation;
    if (value.gate >= 0) {
      finish.gate = address(value.gate);
      finish.gateStride = epilogue->inputs[value.gate].rowStride;
      finish.gateLow = value.gateLow;
      finish.gateHigh = value.gateHigh;
    }
    return stage;
  }
  stage.code = epilogue;
  for (int64_t i = 0; i < epilogue->inputs.size; ++i) stage.inputs[i] = address(i);
  return stage;
}

void runEpilogueCode(const OutputStage& stage, const float* values, int64_t valueStride, int64_t rows, int64_t columns,
                     const int64_t* rowIndex, int64_t column0, float* c, int64_t cStride, float* registers) {
  const Epilogue& epilogue = *stage.code;
  const int64_t span = smaller(columns, microBlock);
  const int64_t rowsAtOnce = microBlock / span;
  for (int64_t from = 0; from < columns; from += span) {
    const int64_t width = smaller(span, columns - from);
    for (int64_t row = 0; row < rows; row += rowsAtOnce) {
      const int64_t count = smaller(rowsAtOnce, rows - row);
      for (int64_t i = 0; i < count; ++i) {
        copyFloats(registers + i * width, values + (row + i) * valueStride + from, width);
      }
      for (int64_t input = 0; input < epilogue.inputs.size; ++input) {
        float* target = registers + (1 + input) * microBlock;
        const float* source = stage.inputs[input] + column0 + from;
        const bool full = epilogue.inputs[input].full;
        const int64_t stride = epilogue.inputs[input].rowStride;
        for (int64_t i = 0; i < count; ++i) {
          copyFloats(target + i * width, full ? source + rowIndex[row + i] * stride : source, width);
        }
      }
      runMicroOps(epilogue.code.data, epilogue.code.size, registers, count * width);
      const float* result = registers + int64_t{epilogue.result} * microBlock;
      for (int64_t i = 0; i < count; ++i) {
        copyFloats(c + rowIndex[row + i] * cStride + column0 + from, result + i * width, width);
      }
    }
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
