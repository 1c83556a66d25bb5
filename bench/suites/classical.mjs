// Classical methods on tables and images: fit and predict, each library with its own defaults but for the options here.
import { runPhased } from '../phased.mjs'

/** Sample counts; `--quick` takes a tenth. */
const images = (train, test, { scaled = true } = {}) => ({ kind: 'images', train, test, scaled })
const numbers = (rows, columns) => ({ kind: 'numbers', train: rows, test: rows, columns })

/**
 * How alike results must be: the same predictions, the same accuracy but for so much, or the same numbers but for so much of the
 * largest.
 */
const identical = { identical: true }
const sameAccuracy = { accuracy: 0.002 }
const sameNumbers = { numbers: 1e-8 }
/** For methods that draw lots, where two seeds of one library are half a percent apart; ten times fewer samples scatter more. */
const similarAccuracy = { accuracy: 0.01, quickAccuracy: 0.05 }

/**
 * Of each method: its class and options here and there, what it learns from, how alike results must be, and `learned`, what else
 * is told of the two models: a property here and there, summed where it is a list.
 */
const methods = [
  {
    case: 'k-NN',
    ours: ['KNeighborsClassifier', { nNeighbors: 5, algorithm: 'brute' }],
    theirs: ['neighbors.KNeighborsClassifier', { n_neighbors: 5, algorithm: 'brute' }],
    data: images(60_000, 1000, { scaled: false }),
    same: identical,
  },
  {
    case: 'SVC rbf',
    ours: ['SVC', { C: 1, gamma: 'scale' }],
    theirs: ['svm.SVC', { C: 1, gamma: 'scale' }],
    data: images(10_000, 1000),
    same: sameAccuracy,
    learned: { what: 'support vectors', ours: 'nSupport', theirs: 'n_support_' },
  },
  {
    case: 'CART',
    ours: ['DecisionTreeClassifier', {}],
    theirs: ['tree.DecisionTreeClassifier', { random_state: 0 }],
    data: images(10_000, 10_000, { scaled: false }),
    // scikit-learn draws lots between equally good cuts.
    same: similarAccuracy,
    learned: { what: 'leaves', ours: 'leafCount', theirs: 'get_n_leaves' },
  },
  {
    case: 'logistic regression',
    ours: ['LogisticRegression', { C: 1, solver: 'lbfgs', maxIter: 100 }],
    theirs: ['linear_model.LogisticRegression', { C: 1, solver: 'lbfgs', max_iter: 100 }],
    data: images(10_000, 10_000),
    same: sameAccuracy,
    learned: { what: 'iterations', ours: 'iterations', theirs: 'n_iter_' },
  },
  {
    case: 'Gaussian naive Bayes',
    ours: ['GaussianNB', {}],
    theirs: ['naive_bayes.GaussianNB', {}],
    data: images(10_000, 10_000),
    same: sameAccuracy,
  },
  {
    case: 'LDA',
    ours: ['LinearDiscriminantAnalysis', { solver: 'svd' }],
    theirs: ['discriminant_analysis.LinearDiscriminantAnalysis', { solver: 'svd' }],
    data: images(10_000, 10_000),
    same: sameAccuracy,
  },
  {
    case: 'MLP',
    ours: ['MLPClassifier', { maxIter: 20, seed: 0 }],
    theirs: ['neural_network.MLPClassifier', { max_iter: 20, random_state: 0 }],
    data: images(10_000, 10_000),
    // Each library draws weights and batches of its own.
    same: similarAccuracy,
    learned: { what: 'epochs', ours: 'nIter', theirs: 'n_iter_' },
  },
  {
    case: 'linear regression',
    ours: ['LinearRegression', {}],
    theirs: ['linear_model.LinearRegression', {}],
    data: numbers(100_000, 20),
    same: sameNumbers,
  },
  {
    case: 'ridge',
    ours: ['Ridge', { alpha: 1 }],
    theirs: ['linear_model.Ridge', { alpha: 1 }],
    data: numbers(100_000, 20),
    same: sameNumbers,
  },
  {
    case: 'StandardScaler',
    ours: ['StandardScaler', {}],
    theirs: ['preprocessing.StandardScaler', {}],
    data: numbers(100_000, 20),
    same: sameNumbers,
    apply: 'transform',
  },
]

function tenth({ data, same, ...method }) {
  return {
    ...method,
    data: { ...data, train: data.train / 10, test: data.test / 10 },
    same: { ...same, accuracy: same.quickAccuracy ?? same.accuracy },
  }
}

export const classicalCases = ({ quick }) =>
  methods.map((method) => ({ apply: 'predict', ...(quick ? tenth(method) : method) }))

export const classical = {
  ours: 'ocelli-classical',
  peers: ['scikit-learn'],
  optionalPeers: [],
  cases: classicalCases,
  run: runPhased,
}
