// The engine as a Node-API addon. src/backends/native/addon.ts declares what it exports.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"
#include "isa.h"

namespace {

using namespace ocelli;

// One for the process, made by the first `start`; never destroyed, as its threads may outlive any environment.
std::mutex engineMutex;
Engine* engine = nullptr;

constexpr napi_type_tag programTag = {0x6f63656c6c692070ULL, 0x726f6772616d0001ULL};

struct Run;

// The runs of one environment, in order: one at a time, so that waiting runs hold no thread of the pool that Node
// reads files with.
struct Queue {
  std::deque<Run*> waiting;
  bool busy = false;
};

struct LoadedProgram {
  std::shared_ptr<Program> program;
  int64_t reported = 0;
};

struct Run {
  Queue* queue;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref arguments = nullptr;  // keeps the buffers alive
  std::shared_ptr<Program> program;
  std::vector<char*> externals;
  const int32_t* cancel = nullptr;
  double* times = nullptr;
  Outcome outcome = Outcome::Done;
  Fault fault;
};

napi_value raise(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

#define CHECK(call)                                            \
  do {                                                         \
    if ((call) != napi_ok) return raiseLast(env, #call);       \
  } while (false)

napi_value raiseLast(napi_env env, const char* call) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return nullptr;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  const char* reason = info != nullptr && info->error_message != nullptr ? info->error_message : "failed";
  return raise(env, std::string(call) + ": " + reason);
}

napi_value numberOf(napi_env env, int64_t value) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(value), &result);
  return result;
}

napi_value stringOf(napi_env env, const std::string& value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value.c_str(), value.size(), &result);
  return result;
}

bool typedArray(napi_env env, napi_value value, napi_typedarray_type* type, size_t* bytes, char** data) {
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  size_t length = 0;
  void* at = nullptr;
  if (napi_get_typedarray_info(env, value, type, &length, &at, nullptr, nullptr) != napi_ok) return false;
  size_t element = 1;
  switch (*type) {
    case napi_int16_array:
    case napi_uint16_array: element = 2; break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: element = 4; break;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: element = 8; break;
    default: break;
  }
  *bytes = length * element;
  *data = static_cast<char*>(at);
  return true;
}

// start(instructionSet: string, threads: number): { instructionSet, threads, vectorWidth }
napi_value start(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  CHECK(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  char name[64] = "";
  size_t length = 0;
  int32_t threads = 0;
  CHECK(napi_get_value_string_utf8(env, arguments[0], name, sizeof(name), &length));
  CHECK(napi_get_value_int32(env, arguments[1], &threads));
  {
    std::lock_guard<std::mutex> lock(engineMutex);
    if (engine == nullptr) {
      std::string error;
      const KernelTable* table = chooseTable(name, error);
      if (table == nullptr) return raise(env, error);
      engine = new Engine(*table, threads < 1 ? 1 : threads);
    }
  }
  napi_value result;
  CHECK(napi_create_object(env, &result));
  CHECK(napi_set_named_property(env, result, "instructionSet", stringOf(env, engine->table().name)));
  CHECK(napi_set_named_property(env, result, "threads", numberOf(env, engine->threads())));
  CHECK(napi_set_named_property(env, result, "vectorWidth", numberOf(env, engine->table().vectorWidth)));
  return result;
}

// instructionSets(): the sets compiled in that run here, best first
napi_value instructionSets(napi_env env, napi_callback_info) {
  napi_value result;
  CHECK(napi_create_array(env, &result));
  uint32_t n = 0;
  for (const KernelTable* table : compiledTables()) {
    if (runsHere(*table)) CHECK(napi_set_element(env, result, n++, stringOf(env, table->name)));
  }
  return result;
}

void releaseProgram(napi_env env, void* data, void*) {
  LoadedProgram* loaded = static_cast<LoadedProgram*>(data);
  engine->remove(*loaded->program);
  int64_t total = 0;
  napi_adjust_external_memory(env, -loaded->reported, &total);
  delete loaded;
}

// load(code: Float64Array): an opaque program
napi_value load(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1];
  CHECK(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  if (engine == nullptr) return raise(env, "load: call start first");
  napi_typedarray_type type;
  size_t bytes = 0;
  char* data = nullptr;
  if (!typedArray(env, arguments[0], &type, &bytes, &data) || type != napi_float64_array) {
    return raise(env, "load: the code of a program is a Float64Array");
  }
  std::string error;
  std::unique_ptr<Program> program =
      Program::decode(reinterpret_cast<const double*>(data), bytes / 8, engine->table(), error);
  if (program == nullptr) return raise(env, "not a valid program: " + error);
  auto loaded = std::make_unique<LoadedProgram>();
  loaded->program = std::move(program);
  loaded->reported = static_cast<int64_t>(bytes);
  napi_value result;
  CHECK(napi_create_object(env, &result));
  CHECK(napi_type_tag_object(env, result, &programTag));
  CHECK(napi_wrap(env, result, loaded.get(), releaseProgram, nullptr, nullptr));
  LoadedProgram* kept = loaded.release();
  engine->add(*kept->program);
  int64_t total = 0;
  napi_adjust_external_memory(env, kept->reported, &total);
  return result;
}

void execute(napi_env, void* data) {
  Run* run = static_cast<Run*>(data);
  run->outcome = engine->run(*run->program, run->externals.data(), run->cancel, run->fault, run->times);
}

void finish(napi_env env, napi_status status, void* data);

void startNext(napi_env env, Queue* queue) {
  queue->busy = !queue->waiting.empty();
  if (!queue->busy) return;
  Run* next = queue->waiting.front();
  queue->waiting.pop_front();
  napi_queue_async_work(env, next->work);
}

napi_value faultOf(napi_env env, const Fault& fault) {
  napi_value result = nullptr;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "instruction", numberOf(env, fault.instruction));
  napi_set_named_property(env, result, "index", numberOf(env, fault.index));
  return result;
}

void settle(napi_env env, Run* run, napi_status status) {
  napi_value value = nullptr;
  if (status == napi_ok && run->outcome != Outcome::OutOfMemory) {
    // Whether the program ran to its end; if it did and met an index out of range, which.
    if (run->outcome == Outcome::Done && run->fault.instruction >= 0) {
      value = faultOf(env, run->fault);
    } else {
      napi_get_boolean(env, run->outcome == Outcome::Done, &value);
    }
    napi_resolve_deferred(env, run->deferred, value);
  } else {
    const std::string message =
        status != napi_ok ? "the run was given up: the environment is closing"
                          : "not enough memory for " + std::to_string(run->program->arenaBytes()) +
                                " bytes of intermediate values; a smaller batch needs less";
    napi_create_error(env, nullptr, stringOf(env, message), &value);
    napi_reject_deferred(env, run->deferred, value);
  }
}

void finish(napi_env env, napi_status status, void* data) {
  std::unique_ptr<Run> run(static_cast<Run*>(data));
  startNext(env, run->queue);
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    settle(env, run.get(), status);
    napi_close_handle_scope(env, scope);
  }
  napi_delete_reference(env, run->arguments);
  napi_delete_async_work(env, run->work);
}

// run(program, externals: TypedArray[], cancel: Int32Array, times?: Float64Array): Promise<boolean | { instruction, index }>
napi_value runProgram(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  CHECK(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  bool tagged = false;
  if (napi_check_object_type_tag(env, arguments[0], &programTag, &tagged) != napi_ok || !tagged) {
    return raise(env, "run: the first argument is not a program");
  }
  LoadedProgram* loaded = nullptr;
  CHECK(napi_unwrap(env, arguments[0], reinterpret_cast<void**>(&loaded)));
  auto run = std::make_unique<Run>();
  CHECK(napi_get_instance_data(env, reinterpret_cast<void**>(&run->queue)));
  run->program = loaded->program;

  const std::vector<int64_t>& wanted = run->program->externalBytes();
  uint32_t length = 0;
  CHECK(napi_get_array_length(env, arguments[1], &length));
  if (length != wanted.size()) {
    return raise(env, "run: the program takes " + std::to_string(wanted.size()) + " buffers, not " +
                          std::to_string(length));
  }
  // The arrays are copied into a list of our own, as the caller may change his before the run ends.
  napi_value kept;
  CHECK(napi_create_array_with_length(env, length + 3, &kept));
  for (uint32_t i = 0; i < length; ++i) {
    napi_value value;
    napi_typedarray_type type;
    size_t bytes = 0;
    char* data = nullptr;
    CHECK(napi_get_element(env, arguments[1], i, &value));
    if (!typedArray(env, value, &type, &bytes, &data)) {
      return raise(env, "run: buffer " + std::to_string(i) + " is not a typed array");
    }
    if (static_cast<int64_t>(bytes) < wanted[i]) {
      return raise(env, "run: buffer " + std::to_string(i) + " has " + std::to_string(bytes) + " bytes; the program needs " +
                            std::to_string(wanted[i]));
    }
    CHECK(napi_set_element(env, kept, i, value));
    run->externals.push_back(data);
  }
  napi_typedarray_type type;
  size_t bytes = 0;
  char* data = nullptr;
  if (!typedArray(env, arguments[2], &type, &bytes, &data) || type != napi_int32_array || bytes < 4) {
    return raise(env, "run: the third argument is an Int32Array of one element");
  }
  run->cancel = reinterpret_cast<const int32_t*>(data);
  napi_valuetype timesType = napi_undefined;
  CHECK(napi_typeof(env, arguments[3], &timesType));
  if (timesType != napi_undefined) {
    if (!typedArray(env, arguments[3], &type, &bytes, &data) || type != napi_float64_array ||
        bytes < 2 * sizeof(double) * run->program->size()) {
      return raise(env, "run: the fourth argument is a Float64Array with two elements for each instruction");
    }
    run->times = reinterpret_cast<double*>(data);
  }
  CHECK(napi_set_element(env, kept, length, arguments[0]));
  CHECK(napi_set_element(env, kept, length + 1, arguments[2]));
  CHECK(napi_set_element(env, kept, length + 2, arguments[3]));

  napi_value promise;
  CHECK(napi_create_promise(env, &run->deferred, &promise));
  CHECK(napi_create_reference(env, kept, 1, &run->arguments));
  CHECK(napi_create_async_work(env, nullptr, stringOf(env, "ocelli"), execute, finish, run.get(), &run->work));
  Run* queued = run.release();
  queued->queue->waiting.push_back(queued);
  if (!queued->queue->busy) startNext(env, queued->queue);
  return promise;
}

// packedMatrixBytes(k, n): number
napi_value packedMatrixBytes(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  int64_t values[2];
  CHECK(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  if (engine == nullptr) return raise(env, "packedMatrixBytes: call start first");
  for (int i = 0; i < 2; ++i) CHECK(napi_get_value_int64(env, arguments[i], &values[i]));
  return numberOf(env, engine->table().packedMatrixBytes(values[0], values[1]));
}

// packedConvBytes(algorithm, kernelHeight, kernelWidth, groups, outChannels, inChannels): number
napi_value packedConvBytes(napi_env env, napi_callback_info info) {
  size_t count = 6;
  napi_value arguments[6];
  int64_t values[6];
  CHECK(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  if (engine == nullptr) return raise(env, "packedConvBytes: call start first");
  for (int i = 0; i < 6; ++i) CHECK(napi_get_value_int64(env, arguments[i], &values[i]));
  if (values[0] < 0 || values[0] > static_cast<int64_t>(ConvAlgorithm::WinogradF4) || values[3] < 1) {
    return raise(env, "packedConvBytes: no such convolution");
  }
  ConvGeometry geometry{};
  geometry.kernelH = values[1];
  geometry.kernelW = values[2];
  geometry.strideH = geometry.strideW = geometry.dilationH = geometry.dilationW = 1;
  geometry.groups = values[3];
  return numberOf(env, engine->table().packedConvBytes(static_cast<ConvAlgorithm>(values[0]), geometry, values[4], values[5]));
}

// memory(): { arenaBytes, scratchBytes }
napi_value memory(napi_env env, napi_callback_info) {
  napi_value result;
  CHECK(napi_create_object(env, &result));
  CHECK(napi_set_named_property(env, result, "arenaBytes", numberOf(env, engine == nullptr ? 0 : engine->arenaBytes())));
  CHECK(napi_set_named_property(env, result, "scratchBytes", numberOf(env, engine == nullptr ? 0 : engine->scratchBytes())));
  return result;
}

// limits(): { gflops, gigabytes } a second, or null without memory to measure in
napi_value limits(napi_env env, napi_callback_info) {
  napi_value result, value;
  if (engine == nullptr) return raise(env, "limits: call start first");
  Limits measured;
  if (!engine->measure(measured)) {
    CHECK(napi_get_null(env, &result));
    return result;
  }
  CHECK(napi_create_object(env, &result));
  CHECK(napi_create_double(env, measured.flops * 1e-9, &value));
  CHECK(napi_set_named_property(env, result, "gflops", value));
  CHECK(napi_create_double(env, measured.bytes * 1e-9, &value));
  CHECK(napi_set_named_property(env, result, "gigabytes", value));
  return result;
}

void releaseQueue(napi_env, void* data, void*) { delete static_cast<Queue*>(data); }

napi_value initialize(napi_env env, napi_value exports) {
  CHECK(napi_set_instance_data(env, new Queue(), releaseQueue, nullptr));
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"start", start},
      {"instructionSets", instructionSets},
      {"load", load},
      {"run", runProgram},
      {"packedMatrixBytes", packedMatrixBytes},
      {"packedConvBytes", packedConvBytes},
      {"memory", memory},
      {"limits", limits},
  };
  for (const auto& f : functions) {
    napi_value value;
    CHECK(napi_create_function(env, f.name, NAPI_AUTO_LENGTH, f.function, nullptr, &value));
    CHECK(napi_set_named_property(env, exports, f.name, value));
  }
  return exports;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return NAPI_VERSION; }

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  return initialize(env, exports);
}
