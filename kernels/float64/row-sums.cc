// Products of sparse rows with a matrix of a few columns, and what comes back from these columns to the matrix, in float64:
// the two passes over the samples of logistic regression. Rows of the matrix are padded to whole pairs of numbers.
typedef double Pair __attribute__((vector_size(16), aligned(8)));

// So many pairs of a row of the matrix stay in registers at once.
constexpr int most = 6;

namespace {

Pair both(double value) { return Pair{value, value}; }

// sums = the values from `from` to `to` times the rows of the matrix that they stand for
template <int pairs>
void sumRow(const int* indices, const double* values, int from, int to, const Pair* matrix, int stride, Pair* sums) {
  Pair sum[pairs] = {};
  for (int at = from; at < to; at++) {
    const Pair value = both(values[at]);
    const Pair* row = matrix + indices[at] * stride;
    for (int k = 0; k < pairs; k++) sum[k] += value * row[k];
  }
  for (int k = 0; k < pairs; k++) sums[k] = sum[k];
}

// The rows of the matrix that the values stand for += value * factors
template <int pairs>
void spreadRow(const int* indices, const double* values, int from, int to, const Pair* factors, int stride, Pair* matrix) {
  Pair factor[pairs];
  for (int k = 0; k < pairs; k++) factor[k] = factors[k];
  for (int at = from; at < to; at++) {
    const Pair value = both(values[at]);
    Pair* row = matrix + indices[at] * stride;
    for (int k = 0; k < pairs; k++) row[k] += value * factor[k];
  }
}

using SumRow = void (*)(const int*, const double*, int, int, const Pair*, int, Pair*);
using SpreadRow = SumRow;

constexpr SumRow sumRows[most] = {sumRow<1>, sumRow<2>, sumRow<3>, sumRow<4>, sumRow<5>, sumRow<6>};
constexpr SpreadRow spreadRows[most] = {spreadRow<1>, spreadRow<2>, spreadRow<3>,
                                        spreadRow<4>, spreadRow<5>, spreadRow<6>};

}  // namespace

extern "C" {

// sums[i - first] = row i times the matrix, for the rows from `first` to `last`. `stride` is a row of the matrix in pairs.
__attribute__((export_name("sums"))) void sums(const int* starts, const int* indices, const double* values, int first,
                                               int last, const Pair* matrix, int stride, Pair* result) {
  for (int i = first; i < last; i++) {
    for (int k = 0; k < stride; k += most) {
      const int pairs = stride - k < most ? stride - k : most;
      sumRows[pairs - 1](indices, values, starts[i], starts[i + 1], matrix + k, stride, result + (i - first) * stride + k);
    }
  }
}

// matrix += row i (as a column) times factors[i - first], for the same rows.
__attribute__((export_name("spread"))) void spread(const int* starts, const int* indices, const double* values, int first,
                                                   int last, const Pair* factors, int stride, Pair* matrix) {
  for (int i = first; i < last; i++) {
    for (int k = 0; k < stride; k += most) {
      const int pairs = stride - k < most ? stride - k : most;
      spreadRows[pairs - 1](indices, values, starts[i], starts[i + 1], factors + (i - first) * stride + k, stride,
                            matrix + k);
    }
  }
}
}
