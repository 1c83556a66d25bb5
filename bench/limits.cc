// What this machine can do at most: fused multiply-adds a second, and memory traffic (triad), on N threads.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
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

// Ten independent chains, each kept in a register, hide the latency of the multiply-add.
static void multiplyAdds(long rounds, float* sink) {
  Vector a, b;
  for (int i = 0; i < width; i++) a[i] = 1.0000001f, b[i] = 1e-9f;
  Vector c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a;
  for (long r = 0; r < rounds; r++) {
    c0 = c0 * a + b, c1 = c1 * a + b, c2 = c2 * a + b, c3 = c3 * a + b, c4 = c4 * a + b;
    c5 = c5 * a + b, c6 = c6 * a + b, c7 = c7 * a + b, c8 = c8 * a + b, c9 = c9 * a + b;
  }
  Vector total = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9;
  for (int i = 0; i < width; i++) *sink += total[i];
}

template <typename Body>
static double onThreads(int threads, Body body) {
  double best = 1e30;
  for (int repeat = 0; repeat < 5; repeat++) {
    std::vector<std::thread> pool;
    double start = seconds();
    for (int t = 0; t < threads; t++) pool.emplace_back(body, t);
    for (auto& thread : pool) thread.join();
    best = std::min(best, seconds() - start);
  }
  return best;
}

int main(int argc, char** argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  long rounds = 20'000'000;
  std::vector<float> sinks(threads);
  double time = onThreads(threads, [&](int t) { multiplyAdds(rounds, &sinks[t]); });
  double gflops = 2.0 * 10 * width * rounds * threads / time / 1e9;
  long n = 8l << 20;
  std::vector<float> a(n, 0.0f), b(n, 1.0f), c(n, 2.0f);
  double triad = onThreads(threads, [&](int t) {
    for (long i = n * t / threads; i < n * (t + 1) / threads; i++) a[i] = b[i] + 3.0f * c[i];
  });
  std::printf("{\"gflops\": %.1f, \"gigabytes\": %.1f, \"check\": %g}\n", gflops, 12.0 * n / triad / 1e9, a[n / 2] + sinks[0]);
}
