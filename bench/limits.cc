// What this machine can do at most on N threads: multiply-adds a second, and memory traffic (triad) by working set.
// LANES is the width of a vector in floats; without it, the widest that the compiler's target has.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#ifdef LANES
constexpr int width = LANES;
#elif defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif
typedef float Vector __attribute__((vector_size(width * 4)));

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Independent chains, each kept in a register, enough to hide the latency of a multiplication and an addition.
constexpr int chains = 12;

static void multiplyAdds(long rounds, float* sink) {
  Vector a, b;
  for (int i = 0; i < width; i++) a[i] = 1.0000001f, b[i] = 1e-9f;
  // Each starts elsewhere, or the compiler would see that they are one.
  Vector c0 = a, c1 = c0 + a, c2 = c1 + a, c3 = c2 + a, c4 = c3 + a, c5 = c4 + a;
  Vector c6 = c5 + a, c7 = c6 + a, c8 = c7 + a, c9 = c8 + a, c10 = c9 + a, c11 = c10 + a;
  for (long r = 0; r < rounds; r++) {
    c0 = c0 * a + b, c1 = c1 * a + b, c2 = c2 * a + b, c3 = c3 * a + b, c4 = c4 * a + b, c5 = c5 * a + b;
    c6 = c6 * a + b, c7 = c7 * a + b, c8 = c8 * a + b, c9 = c9 * a + b, c10 = c10 * a + b, c11 = c11 * a + b;
  }
  Vector total = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
  for (int i = 0; i < width; i++) *sink += total[i];
}

static void triad(float* __restrict a, const float* __restrict b, const float* __restrict c, long n) {
  for (long i = 0; i < n; i++) a[i] = b[i] + 3.0f * c[i];
}

// The best of many short bursts, each started by all threads together: on a shared machine some of them run undisturbed.
template <typename Body>
static double onThreads(int threads, int bursts, Body body) {
  std::atomic<long> arrived{0};
  double best = 1e30;
  auto work = [&](int t) {
    long round = 0;
    auto meet = [&] {
      round++;
      arrived++;
      for (long spins = 0; arrived < round * threads; spins++)
        if (spins > 10'000) std::this_thread::yield();
    };
    for (int burst = 0; burst < bursts; burst++) {
      meet();
      double start = seconds();
      body(t);
      meet();
      if (t == 0) best = std::min(best, seconds() - start);
    }
  };
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; t++) pool.emplace_back(work, t);
  for (auto& thread : pool) thread.join();
  return best;
}

int main(int argc, char** argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  long rounds = 200'000;
  std::vector<float> sinks(threads);
  double time = onThreads(threads, 400, [&](int t) { multiplyAdds(rounds, &sinks[t]); });
  std::printf("{\"gflops\": %.1f", 2.0 * chains * width * rounds * threads / time / 1e9);
  float check = sinks[0];
#ifndef LANES
  std::printf(", \"bandwidth\": [");
  for (long kilobytes : {256, 1024, 4096, 16384, 98304}) {
    long n = kilobytes * 1024 / 12 / threads;
    long passes = std::max(1l, 16'000l / kilobytes);
    std::vector<std::vector<float>> arrays;
    for (int i = 0; i < 3 * threads; i++) arrays.emplace_back(n, 1.0f);
    double traffic = onThreads(threads, kilobytes > 50'000 ? 30 : 200, [&](int t) {
      for (long pass = 0; pass < passes; pass++) {
        triad(arrays[3 * t].data(), arrays[3 * t + 1].data(), arrays[3 * t + 2].data(), n);
        // Keeps the compiler from doing the passes as one.
        asm volatile("" ::: "memory");
      }
    });
    std::printf("%s{\"bytes\": %ld, \"gigabytes\": %.1f}", kilobytes == 256 ? "" : ", ", kilobytes * 1024,
                12.0 * n * threads * passes / traffic / 1e9);
    check += arrays[0][n / 2];
  }
  std::printf("]");
#endif
  std::printf(", \"check\": %g}\n", check);
}
