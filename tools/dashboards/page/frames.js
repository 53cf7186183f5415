// Makes the data frames of Grafana's Prometheus data source from answers of Prometheus: a frame for
// each series, or one table with a column for each label.
import { FieldType, createDataFrame } from '@grafana/data';

const legend = (format, labels) =>
  format === '__auto' || !format
    ? undefined
    : format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');

const number = (text) => (text === 'NaN' ? null : Number(text));

// Grafana leaves a gap where points are further apart than the step of the query
function series({ target, result, step }) {
  return result.map(({ metric, value, values }) => {
    const { __name__: name, ...labels } = metric;
    const points = values ?? [value];
    const shown = legend(target.legendFormat, metric);
    return createDataFrame({
      refId: target.refId,
      name: shown,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: step * 1000 }, values: points.map(([at]) => at * 1000) },
        {
          name: name ?? 'Value',
          type: FieldType.number,
          labels,
          config: { displayNameFromDS: shown },
          values: points.map(([, text]) => number(text)),
        },
      ],
    });
  });
}

function table({ target, result }, alone) {
  const names = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: result.map(({ value }) => value[0] * 1000) },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        config: {},
        values: result.map(({ metric }) => metric[name] ?? ''),
      })),
      {
        name: alone ? 'Value' : `Value #${target.refId}`,
        type: FieldType.number,
        config: {},
        values: result.map(({ value }) => number(value[1])),
      },
    ],
  });
}

export function frames(answers) {
  const tables = answers.filter(({ target }) => target.format === 'table');
  return answers.flatMap((answer) => {
    if (answer.target.format !== 'table') return series(answer);
    return answer.result.length ? [table(answer, tables.length === 1)] : [];
  });
}
