// The engine as a WebAssembly module. src/backends/wasm/instance.ts declares what it exports.
#include <cstdlib>
#include <cstring>

#include "../engine.h"
#include "../kernels.h"
#include "host.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace ocelli {
namespace OCELLI_ISA {
extern const KernelTable table;
}

namespace {

Engine* engine = nullptr;
std::string* message = nullptr;

// The run that the coordinating thread is asked for; one at a time.
struct Request {
  Signal posted;
  const Program* program;
  char* const* externals;
  double* times;
  Fault fault;
};
Request request;
uint32_t served = 0;  // how many runs the coordinating thread has taken up
// Anything but 0 ends the run: set from JavaScript to cancel it, and when a worker fails.
int32_t stop = 0;

enum class Stop : int32_t { No, Cancelled, Failed };

int32_t outcomeOf(Outcome outcome) {
  if (__atomic_load_n(&stop, __ATOMIC_SEQ_CST) == static_cast<int32_t>(Stop::Failed)) return 3;
  return static_cast<int32_t>(outcome);
}

}  // namespace

EXPORT(start) void start(int32_t threads) {
  engine = new Engine(OCELLI_ISA::table, threads);
  message = new std::string();
}

EXPORT(allocate) void* allocate(uint32_t bytes) {
  void* data = nullptr;
  return posix_memalign(&data, 64, bytes) == 0 ? data : nullptr;
}

EXPORT(release) void release(void* data) { std::free(data); }

// Null, with the reason in `message`, when the numbers are no valid program.
EXPORT(load) const Program* load(const double* code, uint32_t length) {
  std::unique_ptr<Program> program = Program::decode(code, length, engine->table(), *message);
  if (program == nullptr) return nullptr;
  engine->add(*program);
  return program.release();
}

EXPORT(unload) void unload(const Program* program) {
  engine->remove(*program);
  delete program;
}

EXPORT(messageText) const char* messageText() { return message->data(); }
EXPORT(messageLength) uint32_t messageLength() { return message->size(); }

EXPORT(stopAddress) int32_t* stopAddress() { return &stop; }

// Has the coordinating thread run a program; it calls finished().
EXPORT(post) void post(const Program* program, char* const* externals, double* times) {
  request.program = program;
  request.externals = externals;
  request.times = times;
  request.fault = Fault();
  __atomic_store_n(&stop, 0, __ATOMIC_SEQ_CST);
  request.posted.raise();
}

// What the coordinating thread does all its life.
EXPORT(coordinate) void coordinate() {
  for (;;) {
    served = request.posted.wait(served);
    finished(outcomeOf(engine->run(*request.program, request.externals, &stop, request.fault, request.times)));
  }
}

// After the coordinating thread failed within a run.
EXPORT(recover) void recover() {
  __atomic_store_n(&stop, static_cast<int32_t>(Stop::Failed), __ATOMIC_SEQ_CST);
  engine->recover();
}

// What worker `thread` does all its life.
EXPORT(work) void work(int32_t thread) { engine->pool().work(thread); }

// After a worker failed within a run.
EXPORT(leave) void leave() {
  __atomic_store_n(&stop, static_cast<int32_t>(Stop::Failed), __ATOMIC_SEQ_CST);
  engine->pool().leave();
}

// Where there are no threads: instructions `from` to `until` - 1 of a program, run at once.
EXPORT(runPart)
int32_t runPart(const Program* program, char* const* externals, double* times, uint32_t from, uint32_t until) {
  if (from == 0) {
    request.fault = Fault();
    __atomic_store_n(&stop, 0, __ATOMIC_SEQ_CST);
  }
  return outcomeOf(engine->run(*program, externals, &stop, request.fault, times, from, until));
}

// Of the last run: the instruction that met an index out of range, -1 if none did.
EXPORT(faultInstruction) int32_t faultInstruction() { return static_cast<int32_t>(request.fault.instruction); }
EXPORT(faultIndex) int32_t faultIndex() { return request.fault.index; }

// Operations a second, then bytes a second. False when there is not enough memory.
EXPORT(measure) bool measure(double* result) {
  Limits limits;
  if (!engine->measure(limits)) return false;
  result[0] = limits.flops;
  result[1] = limits.bytes;
  return true;
}

EXPORT(packedMatrixBytes) double packedMatrixBytes(double k, double n) {
  return static_cast<double>(engine->table().packedMatrixBytes(static_cast<int64_t>(k), static_cast<int64_t>(n)));
}

EXPORT(packedConvBytes)
double packedConvBytes(int32_t algorithm, double kernelHeight, double kernelWidth, double groups, double outChannels,
                       double inChannels) {
  ConvGeometry geometry{};
  geometry.kernelH = static_cast<int64_t>(kernelHeight);
  geometry.kernelW = static_cast<int64_t>(kernelWidth);
  geometry.strideH = geometry.strideW = geometry.dilationH = geometry.dilationW = 1;
  geometry.groups = static_cast<int64_t>(groups);
  return static_cast<double>(engine->table().packedConvBytes(static_cast<ConvAlgorithm>(algorithm), geometry,
                                                             static_cast<int64_t>(outChannels),
                                                             static_cast<int64_t>(inChannels)));
}

EXPORT(trim) void trim() { engine->trim(); }

EXPORT(arenaBytes) double arenaBytes() { return static_cast<double>(engine->arenaBytes()); }
EXPORT(scratchBytes) double scratchBytes() { return static_cast<double>(engine->scratchBytes()); }
// Bytes in use for anything.
EXPORT(usedBytes) double usedBytes() { return static_cast<double>(allocatedBytes()); }

}  // namespace ocelli
