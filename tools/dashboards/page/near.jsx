// Kinds of panels that are a part of Grafana's server application alone. They are drawn as near to it
// as can be, with Grafana's own names, colours and texts of values, and are marked in the picture.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { LegendDisplayMode, VizLegend } from '@grafana/ui';

const values = (data) =>
  data.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    return frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((field) => ({ field, name: getFieldDisplayName(field, frame, data), times: time.values }));
  });

const TICKS = 6;

function Axis({ range, left, right, y, context }) {
  const from = range.from.valueOf();
  const to = range.to.valueOf();
  const long = to - from > 2 * 86400e3;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: context.zone,
    ...(long ? { month: '2-digit', day: '2-digit' } : { hour: '2-digit', minute: '2-digit' }),
  });
  const count = Math.max(2, Math.min(TICKS, Math.floor((right - left) / 70)));
  return Array.from({ length: count }, (_, i) => {
    const at = from + ((i + 0.5) / count) * (to - from);
    return (
      <text key={i} x={left + ((i + 0.5) / count) * (right - left)} y={y} textAnchor="middle" className="axis">
        {format.format(at)}
      </text>
    );
  });
}

const named = (strips, width) =>
  Math.min(0.4 * width, 14 + 6.6 * Math.max(...strips.map(({ name }) => name.length)));

// both kinds of strips: merged states with their words, or a cell for each point
export function Strips({ panel, data, width, height, context }) {
  const strips = values(data);
  const range = context.range(panel);
  const from = range.from.valueOf();
  const to = range.to.valueOf();
  const left = named(strips, width);
  const right = width - 8;
  const row = (height - 20) / strips.length;
  const x = (at) => left + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * (right - left);
  const merge = panel.type === 'state-timeline';
  return (
    <svg width={width} height={height}>
      {strips.map(({ field, name, times }, index) => {
        const cells = [];
        const step = times.length > 1 ? Math.min(...times.slice(1).map((at, i) => at - times[i])) : to - from;
        times.forEach((at, i) => {
          const value = field.values[i];
          const last = cells.at(-1);
          if (value == null) return;
          if (merge && last && last.value === value && at - last.end < 1.5 * step) last.end = at + step;
          else cells.push({ value, start: at, end: at + step });
        });
        const top = index * row + row * 0.05;
        const tall = row * (panel.options.rowHeight ?? 0.9);
        return (
          <g key={name}>
            <text x={left - 6} y={top + tall / 2 + 4} textAnchor="end" className="axis">
              {name}
            </text>
            {cells.map(({ value, start, end }, i) => {
              const display = field.display(value);
              const wide = x(end) - x(start);
              const text = formattedValueToString(display);
              return (
                <g key={i}>
                  <rect
                    x={x(start)}
                    y={top}
                    width={Math.max(1, wide)}
                    height={tall}
                    fill={display.color}
                    fillOpacity={(panel.fieldConfig.defaults.custom?.fillOpacity ?? 70) / 100}
                  />
                  {merge && wide > 7 * text.length + 8 && tall > 12 && (
                    <text x={x(start) + 4} y={top + tall / 2 + 4} className="word" fill={context.theme.colors.getContrastText(display.color)}>
                      {text}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        );
      })}
      <Axis range={range} left={left} right={right} y={height - 4} context={context} />
    </svg>
  );
}

// points at two columns of the first frame, coloured by a third
export function Layout({ panel, data, width, height }) {
  const [series] = panel.options.series;
  const [frame] = data;
  const column = (part) => {
    const { options } = part.matcher;
    return frame.fields.find((field) => getFieldDisplayName(field, frame, data) === options);
  };
  const [across, up, colour] = [series.x, series.y, series.color].map(column);
  if (!across || !up) return <div className="nothing">{panel.fieldConfig.defaults.noValue}</div>;
  const size = panel.fieldConfig.defaults.custom?.pointSize?.fixed ?? 10;
  const span = (field) => {
    const low = Math.min(...field.values);
    const delta = Math.max(...field.values) - low || 1;
    return (value, length) => 30 + ((value - low) / delta) * (length - 60);
  };
  const [placeX, placeY] = [span(across), span(up)];
  return (
    <svg width={width} height={height}>
      {across.values.map((value, i) => (
        <rect
          key={i}
          x={placeX(value, width) - size / 2}
          y={height - placeY(up.values[i], height) - size / 2}
          width={size}
          height={size}
          fill={colour.display(colour.values[i]).color}
        />
      ))}
    </svg>
  );
}

// round numbers, some five of them
function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

const titled = (field, frame, data) => getFieldDisplayName(field, frame, data);

// lines of the legend below, as it wraps
function legendHeight(bars, frame, data, width) {
  const whole = bars.reduce((sum, field) => sum + 40 + 7 * titled(field, frame, data).length, 0);
  return 24 * Math.ceil(whole / width);
}

// bars beside each other, by the first column that is a text
export function Chart({ panel, data, width, height, context }) {
  const [frame] = data;
  const names = frame.fields.find(({ type }) => type === FieldType.string || type === FieldType.time);
  const bars = frame.fields.filter(({ type }) => type === FieldType.number);
  const count = names.values.length;
  const [left, tall, top] = [70, height - legendHeight(bars, frame, data, width), 8];
  const base = tall - 20;
  const highest = (Math.max(...bars.flatMap(({ values: all }) => all.map((each) => each ?? 0)), 0) || 1) * 1.05;
  const lowest = Math.min(...bars.flatMap(({ values: all }) => all.map((each) => each ?? 0)), 0);
  const y = (value) => base - ((value - lowest) / (highest - lowest)) * (base - top);
  const slot = (width - left - 8) / count;
  const bar = (slot * 0.8) / bars.length;
  return (
    <div>
      <svg width={width} height={tall}>
        {ticks(lowest, highest).map((value) => {
          return (
            <g key={value}>
              <line x1={left} x2={width - 8} y1={y(value)} y2={y(value)} stroke={context.theme.colors.border.weak} />
              <text x={left - 6} y={y(value) + 4} textAnchor="end" className="axis">
                {formattedValueToString(bars[0].display(value))}
              </text>
            </g>
          );
        })}
        {bars.map((field, place) =>
          field.values.map((value, i) => (
            <rect
              key={`${place} ${i}`}
              x={left + i * slot + slot * 0.1 + place * bar}
              y={Math.min(y(value ?? 0), y(0))}
              width={bar * 0.9}
              height={Math.abs(y(value ?? 0) - y(0))}
              fill={context.theme.visualization.getColorByName(field.config.color?.fixedColor ?? '#888')}
            />
          ))
        )}
        {names.values.map((name, i) =>
          i % Math.ceil(55 / slot) === 0 ? (
            <text key={i} x={left + (i + 0.5) * slot} y={base + 14} textAnchor="middle" className="axis">
              {names.display ? formattedValueToString(names.display(name)) : name}
            </text>
          ) : null
        )}
      </svg>
      <VizLegend
        displayMode={LegendDisplayMode.List}
        placement="bottom"
        items={bars.map((field) => ({
          label: titled(field, frame, data),
          color: context.theme.visualization.getColorByName(field.config.color?.fixedColor ?? '#888'),
          yAxis: 1,
        }))}
      />
    </div>
  );
}
