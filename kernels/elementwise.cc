#include "blocks.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

Walk tilesOf(const Tiling& tiling) {
  Walk walk;
  for (int d = 0; d < tiling.rank; d++) {
    if (d != tiling.row && d != tiling.column) walk.add(tiling, d);
  }
  if (tiling.row >= 0) walk.add(tiling, tiling.row);
  walk.add(tiling, tiling.column);
  return walk;
}

template <typename Body>
void forTiles(const Tiling& tiling, Context& context, Body makeTask) {
  const Walk whole = tilesOf(tiling);
  const int64_t tiles = whole.size(), tasks = tasksFor(tiles, tiling.total, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int thread) {
    const int64_t first = tiles * task / tasks, end = tiles * (task + 1) / tasks;
    makeTask(whole, first, end, thread);
  });
}

bool onlyCopies(const Elementwise& instruction) {
  if (instruction.code.size != 0) return false;
  for (int64_t j = 0; j < instruction.outputs.size; j++) {
    const DType from = instruction.inputs[instruction.results[j]].dtype, to = instruction.outputs[j].dtype;
    if (from != to && !(bytesOf(from) == 4 && bytesOf(to) == 4)) return false;
  }
  return instruction.outputs.size == 1;
}

void copy(const Elementwise& instruction, Context& context) {
  Tiling tiling(1, 1);
  const int rank = static_cast<int>(instruction.dims.size);
  tiling.setView(0, instruction.inputs[instruction.results[0]], context, rank);
  tiling.setView(1, instruction.outputs[0], context, rank);
  tiling.simplify(instruction.dims.data, nullptr, rank, false);
  if (tiling.total == 0) return;
  tiling.chooseTile(4096, true);
  const DType dtype = tiling.views[1].dtype;
  const int64_t bytes = bytesOf(dtype);
  forTiles(tiling, context, [&](const Walk& whole, int64_t first, int64_t end, int) {
    Walk walk = whole;
    int64_t offsets[2] = {0, 0};
    walk.seek(tiling, first, offsets);
    for (int64_t tile = first; tile < end; tile++) {
      copyTile(dtype, tiling.views[1].base + offsets[1] * bytes, tiling.rowStride(1), tiling.columnStride(1),
               tiling.views[0].base + offsets[0] * bytes, tiling.rowStride(0), tiling.columnStride(0),
               walk.extent(tiling, tiling.row, 1), walk.extent(tiling, tiling.column, 1));
      walk.next(tiling, offsets);
    }
  });
}

}  // namespace

void elementwise(const Elementwise& instruction, Context& context) {
  if (onlyCopies(instruction)) return copy(instruction, context);
  const int rank = static_cast<int>(instruction.dims.size);
  const int inputs = static_cast<int>(instruction.inputs.size), outputs = static_cast<int>(instruction.outputs.size);
  Tiling tiling(inputs, outputs);
  for (int k = 0; k < inputs; k++) tiling.setView(k, instruction.inputs[k], context, rank);
  for (int j = 0; j < outputs; j++) tiling.setView(inputs + j, instruction.outputs[j], context, rank);
  tiling.simplify(instruction.dims.data, nullptr, rank, false);
  if (tiling.total == 0) return;
  tiling.chooseTile(microBlock, true);
  const BlockProgram program(tiling, instruction.code.data, instruction.code.size, instruction.registers,
                             instruction.results);
  if (program.unbuffered() && tiling.rows == 1) {
    const int64_t width = tiling.dims[tiling.column];
    tiling.columns = width < 4096 ? width : 4096;
  }
  const int64_t offsetBytes = (inputs + outputs) * 8 + 64;
  forTiles(tiling, context, [&](const Walk& whole, int64_t first, int64_t end, int thread) {
    char* memory = static_cast<char*>(
        context.scratch(context, thread, static_cast<size_t>(program.bufferBytes() + offsetBytes)));
    int64_t* offsets = reinterpret_cast<int64_t*>(memory + program.bufferBytes());
    for (int v = 0; v < inputs + outputs; v++) offsets[v] = 0;
    BlockRunner runner(program, memory);
    Walk walk = whole;
    walk.seek(tiling, first, offsets);
    for (int64_t tile = first; tile < end; tile++) {
      runner.run(offsets, walk.extent(tiling, tiling.row, 1), walk.extent(tiling, tiling.column, 1));
      walk.next(tiling, offsets);
    }
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
