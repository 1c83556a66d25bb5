import { Matrix, type Table } from '../../src/classical/index.ts'
import { uciTable } from './datasets.ts'

/** NIST's Norris: y, x. https://www.itl.nist.gov/div898/strd/lls/data/Norris.shtml */
export const norris: readonly (readonly [y: number, x: number])[] = [
  [0.1, 0.2],
  [338.8, 337.4],
  [118.1, 118.2],
  [888.0, 884.6],
  [9.2, 10.1],
  [228.1, 226.5],
  [668.5, 666.3],
  [998.5, 996.3],
  [449.1, 448.6],
  [778.9, 777.0],
  [559.2, 558.2],
  [0.3, 0.4],
  [0.1, 0.6],
  [778.1, 775.5],
  [668.8, 666.9],
  [339.3, 338.0],
  [448.9, 447.5],
  [10.8, 11.6],
  [557.7, 556.0],
  [228.3, 228.1],
  [998.0, 995.8],
  [888.8, 887.6],
  [119.6, 120.2],
  [0.3, 0.3],
  [0.6, 0.3],
  [557.6, 556.8],
  [339.3, 339.1],
  [888.0, 887.2],
  [998.5, 999.0],
  [778.9, 779.0],
  [10.2, 11.1],
  [117.6, 118.3],
  [228.9, 229.2],
  [668.4, 669.1],
  [449.2, 448.9],
  [0.2, 0.5],
]

/** Longley (1967), as NIST has it: employment, and what explains it in the order of `longleyNames`. */
export const longley: readonly (readonly number[])[] = [
  [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
  [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
  [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
  [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
  [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
  [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
  [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
  [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
  [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
]

export const longleyNames = ['GNPDEFL', 'GNP', 'UNEMP', 'ARMED', 'POP', 'YEAR'] as const

/** Anscombe (1973): four sets of x and y. */
const anscombeX = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
export const anscombe: readonly { readonly x: readonly number[]; readonly y: readonly number[] }[] = [
  { x: anscombeX, y: [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68] },
  { x: anscombeX, y: [9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74] },
  { x: anscombeX, y: [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73] },
  {
    x: [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8],
    y: [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.5, 5.56, 7.91, 6.89],
  },
]

/** Women's heights in inches and weights in pounds (World Almanac 1975). */
export const women: { readonly height: readonly number[]; readonly weight: readonly number[] } = {
  height: [58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72],
  weight: [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164],
}

/** Heights in metres and masses in kilograms, of Wikipedia's "Simple linear regression". */
export const masses: { readonly height: readonly number[]; readonly mass: readonly number[] } = {
  height: [1.47, 1.5, 1.52, 1.55, 1.57, 1.6, 1.63, 1.65, 1.68, 1.7, 1.73, 1.75, 1.78, 1.8, 1.83],
  mass: [
    52.21, 53.12, 54.48, 55.84, 57.2, 58.57, 59.93, 61.29, 63.11, 64.47, 66.28, 68.1, 69.92, 72.19, 74.46,
  ],
}

/** Speeds in miles an hour and stopping distances in feet (Ezekiel 1930). */
export const cars: { readonly speed: readonly number[]; readonly distance: readonly number[] } = {
  speed: [
    4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16,
    17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25,
  ],
  distance: [
    2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26, 54, 32,
    40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85,
  ],
}

/** Motor Trend (1974): miles a gallon, horsepower, weight in 1000 pounds, manual gearbox. */
export const mtcars: readonly (readonly [mpg: number, hp: number, wt: number, am: number])[] = [
  [21, 110, 2.62, 1],
  [21, 110, 2.875, 1],
  [22.8, 93, 2.32, 1],
  [21.4, 110, 3.215, 0],
  [18.7, 175, 3.44, 0],
  [18.1, 105, 3.46, 0],
  [14.3, 245, 3.57, 0],
  [24.4, 62, 3.19, 0],
  [22.8, 95, 3.15, 0],
  [19.2, 123, 3.44, 0],
  [17.8, 123, 3.44, 0],
  [16.4, 180, 4.07, 0],
  [17.3, 180, 3.73, 0],
  [15.2, 180, 3.78, 0],
  [10.4, 205, 5.25, 0],
  [10.4, 215, 5.424, 0],
  [14.7, 230, 5.345, 0],
  [32.4, 66, 2.2, 1],
  [30.4, 52, 1.615, 1],
  [33.9, 65, 1.835, 1],
  [21.5, 97, 2.465, 0],
  [15.5, 150, 3.52, 0],
  [15.2, 150, 3.435, 0],
  [13.3, 245, 3.84, 0],
  [19.2, 175, 3.845, 0],
  [27.3, 66, 1.935, 1],
  [26, 91, 2.14, 1],
  [30.4, 113, 1.513, 1],
  [15.8, 264, 3.17, 1],
  [19.7, 175, 2.77, 1],
  [15, 335, 3.57, 1],
  [21.4, 109, 2.78, 1],
]

/** Hours of study and whether the examination was passed, of Wikipedia's "Logistic regression". */
export const study: { readonly hours: readonly number[]; readonly passed: readonly number[] } = {
  hours: [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5],
  passed: [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1],
}

/** Launches of Challenger's fleet: degrees Fahrenheit, and whether an O-ring was in distress (Dalal et al. 1989). */
export const challenger: readonly (readonly [temperature: number, distress: number])[] = [
  [66, 0],
  [70, 1],
  [69, 0],
  [68, 0],
  [67, 0],
  [72, 0],
  [73, 0],
  [70, 0],
  [57, 1],
  [63, 1],
  [70, 1],
  [78, 0],
  [67, 0],
  [53, 1],
  [67, 0],
  [75, 0],
  [70, 0],
  [81, 0],
  [76, 0],
  [79, 0],
  [75, 1],
  [76, 0],
  [58, 1],
]

/** A column as samples. */
export function asRows(values: readonly number[]): number[][] {
  return values.map((value) => [value])
}

/** Fisher's irises, with the two rows that UCI's file has wrong put right; undefined where the real data is not here. */
export function fisherIris(): { x: Matrix; names: readonly string[]; y: Int32Array } | undefined {
  const table = uciTable('iris')
  if (table === undefined) return undefined
  const { x, y } = table.split()
  const matrix = x.toMatrix()
  matrix.row(34).set([4.9, 3.1, 1.5, 0.2])
  matrix.row(37).set([4.9, 3.6, 1.4, 0.1])
  if (y.kind !== 'nominal') throw new Error('the classes of iris are words')
  return { x: matrix, names: x.names, y: y.codes }
}

/** Some columns of a matrix. */
export function columnsOf(x: Matrix, which: readonly number[]): Matrix {
  return Matrix.from(x.toArray().map((row) => which.map((j) => row[j]!)))
}

/** The features and target, target last, as numbers. */
export function numbersOf(table: Table): { x: Matrix; y: Float64Array } {
  const { x, y } = table.split()
  if (y.kind !== 'numeric') throw new Error('the target holds numbers')
  return { x: x.toMatrix(), y: y.values }
}
