// Stages that hand images on, a band of rows at a time: what one stage makes is read by the next while it is in the
// cache, and never goes to memory as a whole.
#include <cstring>

#include "epilogue.h"

namespace ocelli {
namespace OCELLI_ISA {
namespace {

struct Rows {
  int64_t from, until;
  int64_t count() const { return until - from; }
};

// The rows of its input that a stage reads for these rows of its output.
Rows inputRows(const ChainStage& stage, Rows output) {
  const ConvGeometry& g = stage.geometry();
  const int64_t height = stage.x().h;
  const int64_t first = output.from * g.strideH - g.padTop;
  const int64_t last = (output.until - 1) * g.strideH - g.padTop + (g.kernelH - 1) * g.dilationH;
  const int64_t from = larger(0, smaller(first, height));
  return {from, larger(from, smaller(last + 1, height))};
}

int64_t rowFloats(const Image& image) { return image.w * image.pixelStride; }

// Rows of one picture of an image.
Image ofPicture(const Image& image, int64_t picture, Rows rows) {
  Image result = image;
  result.offset += (picture * image.h + rows.from) * rowFloats(image);
  result.n = 1;
  result.h = rows.count();
  return result;
}

// The rows of the result of a stage that a thread holds: the next stage reads them from row `held.from` on.
struct Window {
  float* data;
  Rows held;
  int64_t floats;  // of a row

  // Forgets the rows before `from`.
  void drop(int64_t from) {
    if (from <= held.from) return;
    if (from < held.until) {
      std::memmove(data, data + (from - held.from) * floats, static_cast<size_t>((held.until - from) * floats) * 4);
    }
    held = {from, larger(from, held.until)};
  }
  Image view(const Image& image, Rows rows) const {
    Image result = ofPicture(image, 0, {0, rows.count()});
    result.offset = (rows.from - held.from) * floats;
    return result;
  }
};

// The most rows that a stage's input must hold for so many rows of its output.
int64_t mostInputRows(const ChainStage& stage, int64_t rows) {
  const ConvGeometry& g = stage.geometry();
  return smaller((rows - 1) * g.strideH + (g.kernelH - 1) * g.dilationH + 1, stage.x().h);
}

// Calls visit(stage, floats) for the window of every stage but the last, from the last to the first.
template <typename Visit>
void forWindows(const Chain& chain, Visit visit) {
  int64_t rows = smaller(chain.rows, chain.stages[chain.stages.size - 1].y().h);
  for (int64_t s = chain.stages.size - 2; s >= 0; --s) {
    rows = mostInputRows(chain.stages[s + 1], rows);
    visit(s, roundUp(rows * rowFloats(chain.stages[s].y()), 16));
  }
}

// A chain as one thread runs it.
class ChainRun {
 public:
  static int64_t bytes(const Chain& chain, const Context& context) {
    int64_t floats = 0;
    forWindows(chain, [&](int64_t, int64_t windowFloats) { floats += windowFloats; });
    return floats * 4 + tableBytes(chain, context);
  }

  // `memory` has as many bytes.
  ChainRun(const Chain& chain, const Context& context, int thread, void* memory)
      : chain_(chain),
        windows_(static_cast<Window*>(memory)),
        slots_(reinterpret_cast<char**>(windows_ + chain.stages.size)),
        context_{slots_, context.slotCount, pool_, context.scratch, context.scratchOwner, thread, context.fault,
                 context.sumDepth} {
    std::memcpy(slots_, context.slots, static_cast<size_t>(context.slotCount) * sizeof(char*));
    char* at = static_cast<char*>(memory) + tableBytes(chain, context);
    forWindows(chain, [&](int64_t stage, int64_t floats) {
      const Image& image = chain.stages[stage].y();
      windows_[stage] = {reinterpret_cast<float*>(at), {0, 0}, rowFloats(image)};
      slots_[image.slot] = at;
      at += floats * 4;
    });
  }

  // Computes rows `rows` of the chain's result for one picture.
  void run(int64_t picture, Rows rows) {
    for (int64_t s = 0; s + 1 < chain_.stages.size; ++s) windows_[s].held = {0, 0};
    for (int64_t row = rows.from; row < rows.until; row += chain_.rows) {
      make(chain_.stages.size - 1, picture, {row, smaller(row + chain_.rows, rows.until)});
    }
  }

 private:
  static int64_t tableBytes(const Chain& chain, const Context& context) {
    return roundUp(chain.stages.size * int64_t{sizeof(Window)} + context.slotCount * int64_t{sizeof(char*)}, 64);
  }

  // Rows `rows` of the result of a stage, after what they need of the stages before.
  void make(int64_t s, int64_t picture, Rows rows) {
    const ChainStage& stage = chain_.stages[s];
    const Rows input = inputRows(stage, rows);
    if (s > 0) {
      Window& window = windows_[s - 1];
      window.drop(input.from);
      if (window.held.until < input.until) {
        const Rows missing{window.held.until, input.until};
        window.held.until = input.until;
        make(s - 1, picture, missing);
      }
    }
    ChainStage part = stage;
    ConvGeometry& geometry = stage.pools ? part.pool.geometry : part.conv.geometry;
    Image& x = stage.pools ? part.pool.x : part.conv.x;
    Image& y = stage.pools ? part.pool.y : part.conv.y;
    geometry.padTop += input.from - rows.from * geometry.strideH;
    x = s == 0 ? ofPicture(x, picture, input) : windows_[s - 1].view(x, input);
    y = s + 1 == chain_.stages.size ? ofPicture(y, picture, rows) : windows_[s].view(y, rows);
    if (stage.pools) {
      maxPool2d(part.pool, context_);
      return;
    }
    EpilogueInput inputs[maxEpilogueInputs];
    Epilogue& epilogue = part.conv.epilogue;
    for (int64_t i = 0; i < epilogue.inputs.size; ++i) {
      inputs[i] = epilogue.inputs[i];
      if (inputs[i].full) inputs[i].offset += (picture * stage.y().h + rows.from) * stage.y().w * inputs[i].rowStride;
    }
    epilogue.inputs.data = inputs;
    conv2d(part.conv, context_);
  }

  const Chain& chain_;
  Window* windows_;
  char** slots_;
  SingleThread pool_;
  Context context_;
};

int64_t greatestCommonDivisor(int64_t a, int64_t b) { return b == 0 ? a : greatestCommonDivisor(b, a % b); }

}  // namespace

void chain(const Chain& i, Context& context) {
  const Image& y = i.stages[i.stages.size - 1].y();
  if (y.n * y.h * y.w * y.c == 0) return;
  // Pictures are cut where threads would be left over: rows at a cut are made twice within the chain.
  const int64_t threads = context.pool.size();
  const int64_t cuts = y.n >= 4 * threads ? 1 : smaller(threads / greatestCommonDivisor(y.n, threads), y.h);
  const int64_t bytes = ChainRun::bytes(i, context);
  parallelFor(context.pool, y.n * cuts, [&](int64_t task, int thread) {
    ChainRun run(i, context, thread, context.scratch(context, thread, static_cast<size_t>(bytes)));
    const int64_t cut = task % cuts;
    run.run(task / cuts, {y.h * cut / cuts, y.h * (cut + 1) / cuts});
  });
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
