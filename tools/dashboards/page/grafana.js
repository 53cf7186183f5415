// What Grafana's server application sets up before it draws a panel: the registries of field options
// and transformations, and the options that each kind of panel has by default.
import {
  FieldConfigOptionsRegistry,
  applyFieldOverrides,
  cacheFieldDisplayNames,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

// some are listed under two names
const transformers = new Map(Object.values(standardTransformers).map((each) => [each.id, each]));
standardTransformersRegistry.setInit(() =>
  [...transformers].map(([id, each]) => ({ id, name: each.name, transformation: async () => each }))
);

const option = (id, process = identityOverrideProcessor, custom = false) => ({
  id,
  path: custom ? id.slice('custom.'.length) : id,
  name: id,
  isCustom: custom,
  process,
  shouldApply: () => true,
});

const STANDARD = ['decimals', 'min', 'max', 'displayName', 'noValue', 'color', 'mappings', 'links', 'filterable'];

const DEFAULTS = {
  timeseries: {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    fillOpacity: 0,
    gradientMode: 'none',
    spanNulls: false,
    showPoints: 'auto',
    pointSize: 5,
    axisPlacement: 'auto',
    axisColorMode: 'text',
    axisLabel: '',
    scaleDistribution: { type: 'linear' },
    axisCenteredZero: false,
    barAlignment: 0,
    barWidthFactor: 0.6,
    stacking: { mode: 'none', group: 'A' },
    thresholdsStyle: { mode: 'off' },
    hideFrom: { legend: false, tooltip: false, viz: false },
  },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, minWidth: 150 },
};
// kinds whose series have colours of their own; the others are coloured by thresholds
const PALETTE = new Set(['timeseries', 'barchart', 'piechart', 'xychart']);

const leaves = (value, path) =>
  value && typeof value === 'object' && !Array.isArray(value) && path !== 'lineStyle'
    ? Object.entries(value).flatMap(([key, each]) => leaves(each, path ? `${path}.${key}` : key))
    : [path];

// every custom option that the panel or a default of its kind sets
function registry(custom, overrides) {
  const ids = new Set(leaves(custom, '').map((path) => `custom.${path}`));
  for (const { properties } of overrides) {
    for (const { id } of properties) if (id.startsWith('custom.')) ids.add(id);
  }
  return new FieldConfigOptionsRegistry(() => [
    option('unit', unitOverrideProcessor),
    option('thresholds', thresholdsOverrideProcessor),
    ...STANDARD.map((id) => option(id)),
    ...[...ids].map((id) => option(id, identityOverrideProcessor, true)),
  ]);
}

function merged(base, more) {
  const result = { ...base };
  for (const [key, value] of Object.entries(more ?? {})) {
    const both = value && typeof value === 'object' && !Array.isArray(value) && result[key];
    result[key] = both && typeof both === 'object' ? merged(both, value) : value;
  }
  return result;
}

export async function prepare(panel, frames, { theme, zone, replaceVariables }) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const custom = merged(DEFAULTS[panel.type] ?? {}, defaults.custom);
  const color = defaults.color ?? (PALETTE.has(panel.type) ? { mode: 'palette-classic' } : { mode: 'thresholds' });
  const fieldConfig = { defaults: { ...defaults, color, custom }, overrides };
  const transformed = panel.transformations?.length
    ? await firstValueFrom(transformDataFrame(panel.transformations, frames, { interpolate: replaceVariables }))
    : frames;
  const data = applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: registry(custom, overrides),
    replaceVariables,
    theme,
    timeZone: zone,
  });
  cacheFieldDisplayNames(data);
  return { data, fieldConfig };
}
