#include "kernels.h"
#include "work.h"

namespace ocelli {
namespace OCELLI_ISA {

namespace {

// Blocks of four words made at a time.
constexpr int batch = 16;

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) on `batch` consecutive counters.
void philox(uint64_t firstBlock, const uint32_t* key, float* to) {
  uint32_t c0[batch], c1[batch], c2[batch], c3[batch];
  for (int i = 0; i < batch; i++) {
    const uint64_t block = firstBlock + static_cast<uint64_t>(i);
    c0[i] = static_cast<uint32_t>(block);
    c1[i] = static_cast<uint32_t>(block >> 32);
    c2[i] = key[2];
    c3[i] = key[3];
  }
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < batch; i++) {
      const uint64_t product0 = uint64_t{0xd2511f53} * c0[i], product1 = uint64_t{0xcd9e8d57} * c2[i];
      c0[i] = static_cast<uint32_t>(product1 >> 32) ^ c1[i] ^ k0;
      c1[i] = static_cast<uint32_t>(product1);
      c2[i] = static_cast<uint32_t>(product0 >> 32) ^ c3[i] ^ k1;
      c3[i] = static_cast<uint32_t>(product0);
    }
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  const float scale = 1.0f / 16777216.0f;
  for (int i = 0; i < batch; i++) {
    to[4 * i] = static_cast<float>(static_cast<int32_t>(c0[i] >> 8)) * scale;
    to[4 * i + 1] = static_cast<float>(static_cast<int32_t>(c1[i] >> 8)) * scale;
    to[4 * i + 2] = static_cast<float>(static_cast<int32_t>(c2[i] >> 8)) * scale;
    to[4 * i + 3] = static_cast<float>(static_cast<int32_t>(c3[i] >> 8)) * scale;
  }
}

}  // namespace

void random(const Random& r, Context& context) {
  const uint32_t* given = context.at<const uint32_t>(r.key.slot, r.key.offset);
  const uint32_t key[4] = {given[0], given[1], given[2], given[3]};
  float* y = context.at<float>(r.y.slot, r.y.offset);
  constexpr int64_t values = batch * 4;
  const int64_t batches = (r.size + values - 1) / values, tasks = tasksFor(batches, r.size, context);
  parallelFor(context.pool, tasks, [&](int64_t task, int) {
    for (int64_t i = batches * task / tasks; i < batches * (task + 1) / tasks; i++) {
      const int64_t at = i * values, left = r.size - at;
      if (left >= values) {
        philox(static_cast<uint64_t>(i) * batch, key, y + at);
      } else {
        float last[values];
        philox(static_cast<uint64_t>(i) * batch, key, last);
        __builtin_memcpy(y + at, last, static_cast<size_t>(left) * 4);
      }
    }
  });
}

namespace {

template <typename T>
void iotaOf(const Iota& r, T* y) {
  for (int64_t outer = 0; outer < r.outer; outer++) {
    for (int64_t i = 0; i < r.size; i++) {
      const double exact = r.start + r.step * static_cast<double>(i);
      // Through int64, so that bytes wrap.
      const T value = sizeof(T) == 1 ? static_cast<T>(static_cast<int64_t>(exact)) : static_cast<T>(exact);
      for (int64_t k = 0; k < r.inner; k++) *y++ = value;
    }
  }
}

}  // namespace

void iota(const Iota& r, Context& context) {
  switch (r.y.dtype) {
    case DType::Float32:
      return iotaOf(r, context.at<float>(r.y.slot, r.y.offset));
    case DType::Float64:
      return iotaOf(r, context.at<double>(r.y.slot, r.y.offset));
    case DType::Int32:
      return iotaOf(r, context.at<int32_t>(r.y.slot, r.y.offset));
    case DType::UInt8:
      return iotaOf(r, context.at<uint8_t>(r.y.slot, r.y.offset));
    case DType::Bool:
      return iotaOf(r, context.at<bool>(r.y.slot, r.y.offset));
  }
}

}  // namespace OCELLI_ISA
}  // namespace ocelli
