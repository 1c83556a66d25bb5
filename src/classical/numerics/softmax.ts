/** Turns scores into probabilities in place, without overflow. Gives ln of the sum of e^score. */
export function softmaxRow(row: Float64Array): number {
  let largest = row[0]!
  for (let k = 1; k < row.length; k++) if (row[k]! > largest) largest = row[k]!
  let sum = 0
  for (let k = 0; k < row.length; k++) {
    row[k] = Math.exp(row[k]! - largest)
    sum += row[k]!
  }
  for (let k = 0; k < row.length; k++) row[k]! /= sum
  return largest + Math.log(sum)
}
