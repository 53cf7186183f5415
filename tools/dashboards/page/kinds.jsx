// The kinds of panels that Grafana's libraries have components for, put together as the panels of the
// server application are.
import { VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useLayoutEffect } from 'react';

export function Nothing({ panel, width, height }) {
  const text = panel.fieldConfig?.defaults?.noValue ?? 'No data';
  return (
    <div className="nothing" style={{ width, height }}>
      {text}
    </div>
  );
}

const shown = (panel, data, context, sparkline = false) =>
  getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: context.replaceVariables,
    theme: context.theme,
    data,
    sparkline,
    timeZone: context.zone,
  });

export function Stat({ panel, data, width, height, context }) {
  const { options } = panel;
  const getValues = () => shown(panel, data, context, options.graphMode !== 'none');
  return (
    <VizRepeater
      getValues={getValues}
      getAlignmentFactors={(values) => getDisplayValueAlignmentFactors(values)}
      renderValue={({ value, width: w, height: h, count }) => (
        <BigValue
          value={value.display}
          count={count}
          sparkline={value.sparkline}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode === 'auto' && count > 1 ? 'value_and_name' : options.textMode}
          disableWideLayout={!options.wideLayout}
          text={options.text}
          theme={context.theme}
          width={w}
          height={h}
        />
      )}
      width={width}
      height={height}
      source={data}
      itemSpacing={3}
      renderCounter={0}
      autoGrid
      orientation={options.orientation}
    />
  );
}

export function Bars({ panel, data, width, height, context }) {
  const { options } = panel;
  return (
    <VizRepeater
      getValues={() => shown(panel, data, context)}
      getAlignmentFactors={(values) => getDisplayValueAlignmentFactors(values)}
      renderValue={({ value, width: w, height: h, orientation, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          alignmentFactors={alignmentFactors}
          orientation={orientation}
          displayMode={options.displayMode}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          showUnfilled={options.showUnfilled}
          text={options.text}
          theme={context.theme}
          itemSpacing={8}
          lcdCellWidth={12}
          width={w}
          height={h}
        />
      )}
      width={width}
      height={height}
      minVizWidth={options.minVizWidth ?? 8}
      minVizHeight={options.minVizHeight ?? 16}
      maxVizHeight={options.sizing === 'manual' ? options.maxVizHeight : undefined}
      itemSpacing={10}
      source={data}
      renderCounter={0}
      orientation={options.orientation ?? VizOrientation.Auto}
    />
  );
}

// Marks of the annotations: a line at each event, and a shade over the time of those that last.
function Marks({ config, marks }) {
  useLayoutEffect(() => {
    config.addHook('draw', (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      for (const { from, to, colour } of marks) {
        const x = u.valToPos(from, 'x', true);
        ctx.strokeStyle = ctx.fillStyle = colour;
        if (to > from) {
          ctx.globalAlpha = 0.1;
          ctx.fillRect(x, bbox.top, u.valToPos(to, 'x', true) - x, bbox.height);
        }
        ctx.globalAlpha = 1;
        ctx.setLineDash([4, 4]);
        for (const edge of to > from ? [x, u.valToPos(to, 'x', true)] : [x]) {
          ctx.beginPath();
          ctx.moveTo(edge, bbox.top);
          ctx.lineTo(edge, bbox.top + bbox.height);
          ctx.stroke();
        }
      }
      ctx.restore();
    });
  }, [config, marks]);
  return null;
}

export function Lines({ panel, data, width, height, context }) {
  return (
    <TimeSeries
      frames={data}
      structureRev={1}
      timeRange={context.range(panel)}
      timeZone={context.zone}
      width={width}
      height={height}
      legend={panel.options.legend}
      options={panel.options}
    >
      {(config) => <Marks config={config} marks={context.marks(panel)} />}
    </TimeSeries>
  );
}

export function Rows({ panel, data, width, height, context }) {
  return (
    <TableNG
      data={data[0]}
      width={width}
      height={height}
      sortBy={panel.options.sortBy}
      cellHeight={panel.options.cellHeight}
      timeRange={context.range(panel)}
      fieldConfig={panel.fieldConfig}
      structureRev={1}
      getActions={() => []}
    />
  );
}
