import { formatNumber, formatP } from '../number-text.ts'
import { listed } from '../tables/table.ts'
import { formatCoefficients } from './inference.ts'
import type { LinearRegression } from './linear-regression.ts'

/** Bounds for each sample. */
export interface Bounds {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

export interface PredictionIntervals {
  readonly values: Float64Array
  /** Where the mean of all samples with these features lies. */
  readonly confidence: Bounds
  /** Where a single further sample with these features lies. */
  readonly prediction: Bounds
}

/** How each sample bears on the fit. */
export interface Influence {
  readonly fitted: Float64Array
  /** Target less fitted value. */
  readonly residuals: Float64Array
  /** Diagonal of the hat matrix, 0 to 1; their sum is the number of coefficients. */
  readonly leverage: Float64Array
  /** Residuals over their own standard error. */
  readonly standardizedResiduals: Float64Array
  /** Cook's distance (1977): how far all fitted values move when the sample is left out. */
  readonly cooksDistance: Float64Array
}

/** The text of a fit. */
export function summarize(model: LinearRegression, level: number): string {
  const freedom = model.degreesOfFreedom
  const lines = [
    `LinearRegression: ${model.observations} samples, ${freedom} degrees of freedom`,
    formatCoefficients(model.coefficientTable({ level }), 't', level),
    `R2 ${formatNumber(model.rSquared)}, adjusted ${formatNumber(model.adjustedRSquared)}; F(${model.rank}, ${freedom}) = ` +
      `${formatNumber(model.fStatistic)}, p ${formatP(model.fPValue)}`,
    `residual standard error ${formatNumber(model.residualStandardError)}; AIC ${formatNumber(model.aic)}; ` +
      `Durbin-Watson ${formatNumber(model.durbinWatson, 4)}`,
    ...model.dependentColumns.map(({ name, of }) =>
      of.length === 0 ? `${name} is constant` : `${name} depends on ${listed(of)}`,
    ),
  ]
  return lines.join('\n')
}
