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

static void multiplyAdds(long rounds, float* sink) {
  Vector acc[12], a, b;
  for (int i = 0; i < width; i++) a[i] = 1.0000001f, b[i] = 1e-9f;
  for (auto& v : acc) v = a;
  for (long r = 0; r < rounds; r++) {
    for (auto& v : acc) v = v * a + b;
    __asm__ volatile("" : "+m"(acc) : : "memory");
    for (int k = 0; k < 63; k++)
      for (auto& v : acc) v = v * a + b;
  }
  float total = 0;
  for (auto& v : acc)
    for (int i = 0; i < width; i++) total += v[i];
  *sink = total;
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
  long rounds = 100000;
  std::vector<float> sinks(threads);
  double time = onThreads(threads, [&](int t) { multiplyAdds(rounds, &sinks[t]); });
  double gflops = 2.0 * 64 * 12 * width * rounds * threads / time / 1e9;
  long n = 8l << 20;
  std::vector<float> a(n, 0.0f), b(n, 1.0f), c(n, 2.0f);
  double triad = onThreads(threads, [&](int t) {
    for (long i = n * t / threads; i < n * (t + 1) / threads; i++) a[i] = b[i] + 3.0f * c[i];
  });
  std::printf("{\"gflops\": %.1f, \"gigabytes\": %.1f, \"check\": %g}\n", gflops, 12.0 * n / triad / 1e9, a[n / 2] + sinks[0]);
}
