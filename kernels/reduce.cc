#include <cstdlib>

#include "blocks.h"
#include "simd.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// Blocks added into one accumulator before it is passed up a level, so that no float takes more than this many
// additions at each level.
constexpr int64_t fanIn = 16;
constexpr int maxLevels = 12;
// Elements one chunk of a long reduction has at least. Chunks depend on the shape alone, so results do too.
constexpr int64_t chunkElements = 32768;
constexpr int64_t mostChunks = 64;

struct SumOf {
  static Floats of(Floats a, Floats b) { return a + b; }
  static Ints of(Ints a, Ints b) { return (Ints)((Words)a + (Words)b); }
  static float of(float a, float b) { return a + b; }
  static int32_t of(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
};

struct MaxOf {
  static Floats of(Floats a, Floats b) { return larger(a, b); }
  static Ints of(Ints a, Ints b) { return select(a > b, a, b); }
  static float of(float a, float b) { return a > b || a != a ? a : b; }
  static int32_t of(int32_t a, int32_t b) { return a > b ? a : b; }
};

struct ProdOf {
  static Floats of(Floats a, Floats b) { return a * b; }
  static Ints of(Ints a, Ints b) { return (Ints)((Words)a * (Words)b); }
  static float of(float a, float b) { return a * b; }
  static int32_t of(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b)); }
};

template <typename V, typename T, typename K>
void accumulate(void* into, const void* from, int64_t step, int64_t n) {
  T* to = static_cast<T*>(into);
  const T* f = static_cast<const T*>(from);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes, f += step) store(to + i, K::of(load<V>(to + i), load<V>(f)));
  for (int64_t k = 0; i < n; i++, k++) to[i] = K::of(to[i], f[k]);
}

// The rows of a block into one: the even and the odd ones apart, so that each sum takes half the additions.
template <typename V, typename T, typename K>
void accumulateRows(void* into, const void* block, int64_t rows, int64_t columns) {
  T* to = static_cast<T*>(into);
  const T* from = static_cast<const T*>(block);
  const auto fold = [&](const T* f, auto loadRow) {
    V even = loadRow(f);
    if (rows == 1) return even;
    V odd = loadRow(f + columns);
    int64_t r = 2;
    for (; r + 2 <= rows; r += 2) {
      even = K::of(even, loadRow(f + r * columns));
      odd = K::of(odd, loadRow(f + (r + 1) * columns));
    }
    if (r < rows) even = K::of(even, loadRow(f + r * columns));
    return K::of(even, odd);
  };
  int64_t c = 0;
  for (; c + lanes <= columns; c += lanes) {
    store(to + c, K::of(load<V>(to + c), fold(from + c, [](const T* f) { return load<V>(f); })));
  }
  const int64_t left = columns - c;
  if (left == 0) return;
  const V sum = fold(from + c, [left](const T* f) { return loadPart<V>(f, left); });
  storePart(to + c, K::of(loadPart<V>(to + c, left), sum), left);
}

template <typename T, typename K>
void foldColumns(void* rowMajor, int64_t rows, int64_t columns, int64_t pitch, void* result) {
  T* values = static_cast<T*>(rowMajor);
  T* to = static_cast<T*>(result);
  for (int64_t r = 0; r < rows; r++) {
    T* row = values + r * pitch;
    int64_t n = columns;
    while (n > 1) {
      const int64_t half = (n + 1) / 2;
      for (int64_t i = 0; i < n - half; i++) row[i] = K::of(row[i], row[half + i]);
      n = half;
    }
    to[r] = row[0];
  }
}

// The arithmetic of one kind and type.
struct Arithmetic {
  void (*accumulate)(void* into, const void* from, int64_t step, int64_t n);
  void (*accumulateRows)(void* into, const void* block, int64_t rows, int64_t columns);
  void (*foldColumns)(void* rowMajor, int64_t rows, int64_t columns, int64_t pitch, void* result);
  int32_t identity;  // its bits
  bool cascades;
};

template <typename K>
Arithmetic arithmeticOf(MicroType type, float ofFloats, int32_t ofInts) {
  if (type == MicroType::I32) {
    return {accumulate<Ints, int32_t, K>, accumulateRows<Ints, int32_t, K>, foldColumns<int32_t, K>, ofInts, false};
  }
  int32_t bits;
  __builtin_memcpy(&bits, &ofFloats, 4);
  return {accumulate<Floats, float, K>, accumulateRows<Floats, float, K>, foldColumns<float, K>, bits, false};
}

Arithmetic arithmeticFor(ReduceKind kind, MicroType type) {
  switch (kind) {
    case ReduceKind::Sum: {
      Arithmetic sum = arithmeticOf<SumOf>(type, 0.0f, 0);
      sum.cascades = type == MicroType::F32;
      return sum;
    }
    case ReduceKind::Max:
      return arithmeticOf<MaxOf>(type, -__builtin_inff(), INT32_MIN);
    case ReduceKind::Prod:
      return arithmeticOf<ProdOf>(type, 1.0f, 1);
  }
  std::abort();
}

void fill(void* words, int32_t bits, int64_t n) {
  int32_t* to = static_cast<int32_t*>(words);
  for (int64_t i = 0; i < n; i++) to[i] = bits;
}

// Lanes of partial results as wide as a tile for each output, in levels: a full level is added to the next and starts
// again.
class Accumulators {
 public:
  Accumulators(const Arithmetic& arithmetic, char* memory, int64_t width, int levels, int outputs)
      : arithmetic_(arithmetic), memory_(memory), width_(width), pitch_(pitchOf(width)), levels_(levels), outputs_(outputs) {}

  static int64_t pitchOf(int64_t width) { return (width + 15) / 16 * 64 + 64; }

  void start() {
    for (int level = 0; level < levels_; level++) restart(level);
  }

  // A block of values for each output: side by side, or its rows into one where `width` is that of a row.
  void add(const BlockRunner& runner, int64_t rows, int64_t columns) {
    for (int o = 0; o < outputs_; o++) {
      if (rows * columns > width_ && runner.resultStep(o) != 0) {
        arithmetic_.accumulateRows(at(o, 0), runner.result(o), rows, columns);
      } else {
        // More than the width is one value over and over.
        for (int64_t n = rows * columns; n > 0; n -= width_) {
          arithmetic_.accumulate(at(o, 0), runner.result(o), runner.resultStep(o), n < width_ ? n : width_);
        }
      }
    }
    for (int level = 0; level + 1 < levels_ && ++counts_[level] == fanIn; level++) {
      for (int o = 0; o < outputs_; o++) arithmetic_.accumulate(at(o, level + 1), at(o, level), lanes, width_);
      restart(level);
    }
  }

  // All of an output's, in the memory of its first level.
  void* finish(int output) {
    for (int level = 1; level < levels_; level++) {
      arithmetic_.accumulate(at(output, 0), at(output, level), lanes, width_);
    }
    return at(output, 0);
  }

 private:
  char* at(int output, int level) const { return memory_ + (output * levels_ + level) * pitch_; }

  void restart(int level) {
    for (int o = 0; o < outputs_; o++) fill(at(o, level), arithmetic_.identity, width_);
    counts_[level] = 0;
  }

  const Arithmetic& arithmetic_;
  char* memory_;
  int64_t width_, pitch_;
  int levels_, outputs_;
  int64_t counts_[maxLevels];
};

// The shape of a reduction: groups of outputs (one for each tile over kept dims), each over tiles of reduced dims, which
// are cut into chunks.
struct Shape {
  Walk kept, reduced;
  int64_t groups, tiles, chunks;
  bool rowReduced, columnReduced;
  int levels;
};

Shape shapeOf(const Tiling& tiling, const Arithmetic& arithmetic) {
  Shape shape;
  for (int d = 0; d < tiling.rank; d++) {
    if (d == tiling.row || d == tiling.column) continue;
    (tiling.reduced[d] ? shape.reduced : shape.kept).add(tiling, d);
  }
  if (tiling.row >= 0) (tiling.reduced[tiling.row] ? shape.reduced : shape.kept).add(tiling, tiling.row);
  (tiling.reduced[tiling.column] ? shape.reduced : shape.kept).add(tiling, tiling.column);
  shape.groups = shape.kept.size();
  shape.tiles = shape.reduced.size();
  shape.rowReduced = tiling.row >= 0 && tiling.reduced[tiling.row];
  shape.columnReduced = tiling.reduced[tiling.column];
  shape.chunks = tiling.total / shape.groups / chunkElements;
  const int64_t enough = (mostChunks + shape.groups - 1) / shape.groups;
  if (shape.chunks > enough) shape.chunks = enough;
  if (shape.chunks > shape.tiles) shape.chunks = shape.tiles;
  if (shape.groups >= mostChunks || shape.chunks < 1) shape.chunks = 1;
  shape.levels = 1;
  if (arithmetic.cascades) {
    for (int64_t tiles = (shape.tiles + shape.chunks - 1) / shape.chunks; tiles > fanIn; tiles /= fanIn) shape.levels++;
  }
  return shape;
}

// Two passes over a tile of partial results: rows into the first, then the columns of what is left.
void foldTile(const Shape& shape, const Arithmetic& arithmetic, void* tile, int64_t rows, int64_t columns,
              void* result) {
  int32_t* words = static_cast<int32_t*>(tile);
  if (shape.rowReduced) {
    while (rows > 1) {
      const int64_t half = (rows + 1) / 2;
      arithmetic.accumulate(words, words + half * columns, lanes, (rows - half) * columns);
      rows = half;
    }
  }
  if (shape.columnReduced) {
    arithmetic.foldColumns(tile, rows, columns, columns, result);
  } else {
    __builtin_memcpy(result, tile, static_cast<size_t>(rows * columns) * 4);
  }
}

void scaleResults(void* results, MicroType type, double scale, int64_t n) {
  if (scale == 1.0) return;
  if (type == MicroType::F32) {
    float* values = static_cast<float*>(results);
    for (int64_t i = 0; i < n; i++) values[i] *= static_cast<float>(scale);
  } else {
    int32_t* values = static_cast<int32_t*>(results);
    for (int64_t i = 0; i < n; i++) values[i] = static_cast<int32_t>(values[i] * scale);
  }
}

// The order of dims that reads the inputs well: the innermost as it is, and a row dim next to it.
void chooseReduceTile(Tiling& tiling) { tiling.chooseTile(microBlock, false); }

// The result of reducing nothing, everywhere in an output.
void reduceNothing(const Reduce& instruction, int64_t output, const Arithmetic& arithmetic, Context& context) {
  const int rank = static_cast<int>(instruction.dims.size);
  Tiling tiling(0, 1);
  tiling.setView(0, instruction.outputs[output], context, rank);
  int64_t kept[maxRank];
  for (int d = 0; d < rank; d++) kept[d] = instruction.reduced[d] ? 1 : instruction.dims[d];
  tiling.simplify(kept, nullptr, rank, false);
  if (tiling.total == 0) return;
  int32_t value = arithmetic.identity;
  scaleResults(&value, instruction.type, instruction.scales[output], 1);
  Walk walk;
  for (int d = 0; d < tiling.rank; d++) walk.add(tiling, d);
  int64_t offset = 0;
  for (int64_t tile = 0, tiles = walk.size(); tile < tiles; tile++) {
    for (int64_t c = 0, n = walk.extent(tiling, tiling.column, 1); c < n; c++) {
      storeTile(tiling.views[0], &value, offset + c * tiling.columnStride(0), 1, 1, 0, 0);
    }
    walk.next(tiling, &offset);
  }
}

}  // namespace

void reduce(const Reduce& instruction, Context& context) {
  const Arithmetic arithmetic = arithmeticFor(instruction.kind, instruction.type);
  const int rank = static_cast<int>(instruction.dims.size), inputs = static_cast<int>(instruction.inputs.size);
  const int outputs = static_cast<int>(instruction.outputs.size), views = inputs + outputs;
  bool nothing = false;
  for (int d = 0; d < rank; d++) nothing |= instruction.reduced[d] && instruction.dims[d] == 0;
  if (nothing) {
    for (int o = 0; o < outputs; o++) reduceNothing(instruction, o, arithmetic, context);
    return;
  }

  // Outputs ride along as more inputs, so that their offsets are kept, and are never read.
  Tiling tiling(views, 0);
  for (int k = 0; k < inputs; k++) tiling.setView(k, instruction.inputs[k], context, rank);
  for (int o = 0; o < outputs; o++) tiling.setView(inputs + o, instruction.outputs[o], context, rank);
  tiling.simplify(instruction.dims.data, instruction.reduced.data, rank, true);
  if (tiling.total == 0) return;
  chooseReduceTile(tiling);
  const BlockProgram program(tiling, instruction.code.data, instruction.code.size, instruction.registers,
                             instruction.results);
  const Shape shape = shapeOf(tiling, arithmetic);

  // Blocks that no step has read before come from memory, and faster in order than down their columns.
  const bool foldsRows =
      shape.rowReduced && !shape.columnReduced && tiling.rows <= 2 * fanIn && instruction.code.size > 0;
  const int64_t width = (foldsRows ? 1 : tiling.rows) * tiling.columns, pitch = Accumulators::pitchOf(width);
  const int64_t perGroup = (shape.rowReduced ? 1 : tiling.rows) * (shape.columnReduced ? 1 : tiling.columns);
  const int64_t offsetBytes = views * 8 / 64 * 64 + 64, levelBytes = shape.levels * pitch;
  const int64_t privateBytes = program.bufferBytes() + outputs * levelBytes + pitch + offsetBytes;
  // Of one output.
  const int64_t partialBytes = shape.chunks > 1 ? (shape.groups * shape.chunks * perGroup * 4 + 63) / 64 * 64 : 0;
  // Partial results of chunks lie in front of the calling thread's own memory.
  char* shared =
      static_cast<char*>(context.scratch(context, 0, static_cast<size_t>(outputs * partialBytes + privateBytes)));

  const auto finishGroup = [&](int output, void* results, const int64_t* offsets, int64_t rows, int64_t columns) {
    const int view = inputs + output;
    const int64_t r = shape.rowReduced ? 1 : rows, c = shape.columnReduced ? 1 : columns;
    scaleResults(results, instruction.type, instruction.scales[output], r * c);
    storeTile(tiling.views[view], results, offsets[view], r, c, tiling.rowStride(view), tiling.columnStride(view));
  };

  // Tasks: ranges of groups, or the chunks of every group.
  int64_t tasks = shape.groups * shape.chunks;
  if (shape.chunks == 1) {
    const int64_t worth = tiling.total / chunkElements, most = context.pool.size() * int64_t{4};
    if (tasks > worth) tasks = worth;
    if (tasks > most) tasks = most;
    if (tasks < 1 || context.pool.size() == 1) tasks = 1;
  }
  parallelFor(context.pool, tasks, [&](int64_t task, int thread) {
    char* memory = thread == 0 ? shared + outputs * partialBytes
                               : static_cast<char*>(context.scratch(context, thread, static_cast<size_t>(privateBytes)));
    int64_t* offsets = reinterpret_cast<int64_t*>(memory + privateBytes - offsetBytes);
    char* levels = memory + program.bufferBytes();
    void* results = levels + outputs * levelBytes;
    for (int v = 0; v < views; v++) offsets[v] = 0;
    BlockRunner runner(program, memory);
    Accumulators accumulators(arithmetic, levels, width, shape.levels, outputs);
    Walk kept = shape.kept, reduced = shape.reduced;

    int64_t group = shape.groups * task / tasks, endGroup = shape.groups * (task + 1) / tasks;
    int64_t tile = 0, endTile = shape.tiles;
    if (shape.chunks > 1) {
      group = task / shape.chunks;
      endGroup = group + 1;
      tile = shape.tiles * (task % shape.chunks) / shape.chunks;
      endTile = shape.tiles * (task % shape.chunks + 1) / shape.chunks;
    }
    kept.seek(tiling, group, offsets);
    for (; group < endGroup; group++) {
      const int64_t keptRows = kept.extent(tiling, tiling.row, tiling.rows);
      const int64_t keptColumns = kept.extent(tiling, tiling.column, tiling.columns);
      accumulators.start();
      reduced.seek(tiling, tile, offsets);
      for (int64_t i = tile; i < endTile; i++) {
        const int64_t rows = reduced.extent(tiling, tiling.row, tiling.row < 0 ? 1 : keptRows);
        const int64_t columns = reduced.extent(tiling, tiling.column, keptColumns);
        runner.run(offsets, rows, columns);
        accumulators.add(runner, rows, columns);
        if (i + 1 < endTile) reduced.next(tiling, offsets);
      }
      reduced.seek(tiling, 0, offsets);
      // Lanes a short tile never reached hold the identity, so whole tiles are folded along reduced dims.
      const int64_t rows = foldsRows ? 1 : shape.rowReduced ? tiling.rows : keptRows;
      const int64_t columns = shape.columnReduced ? tiling.columns : keptColumns;
      for (int o = 0; o < outputs; o++) {
        void* tileOfResults = accumulators.finish(o);
        if (shape.chunks > 1) {
          foldTile(shape, arithmetic, tileOfResults, rows, columns,
                   shared + o * partialBytes + (group * shape.chunks + task % shape.chunks) * perGroup * 4);
        } else {
          foldTile(shape, arithmetic, tileOfResults, rows, columns, results);
          finishGroup(o, results, offsets, rows, columns);
        }
      }
      if (group + 1 < endGroup) kept.next(tiling, offsets);
    }
  });
  if (shape.chunks == 1) return;

  int64_t* offsets = reinterpret_cast<int64_t*>(shared + outputs * partialBytes + privateBytes - offsetBytes);
  for (int v = 0; v < views; v++) offsets[v] = 0;
  Walk kept = shape.kept;
  kept.seek(tiling, 0, offsets);
  for (int64_t group = 0; group < shape.groups; group++) {
    const int64_t keptRows = kept.extent(tiling, tiling.row, tiling.rows);
    const int64_t keptColumns = kept.extent(tiling, tiling.column, tiling.columns);
    for (int o = 0; o < outputs; o++) {
      char* partials = shared + o * partialBytes + group * shape.chunks * perGroup * 4;
      for (int64_t n = shape.chunks; n > 1;) {
        const int64_t half = (n + 1) / 2;
        arithmetic.accumulate(partials, partials + half * perGroup * 4, lanes, (n - half) * perGroup);
        n = half;
      }
      finishGroup(o, partials, offsets, keptRows, keptColumns);
    }
    kept.next(tiling, offsets);
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
