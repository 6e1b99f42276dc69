# The app for a room: docker build -t blurlab . && docker run -p 8501:8501 blurlab
# With -e BLURLAB_ADDRESS=http://NAME:8501 the page Audience shows that address.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt constraints.txt ./
# What only tests and sweeps over machines need is below that line.
RUN sed '/^# Tests$/,$d' requirements.txt > app.txt \
    && pip install --no-cache-dir -r app.txt -c constraints.txt
COPY . .
RUN useradd --create-home blurlab
USER blurlab
EXPOSE 8501
CMD ["python", "-m", "blurlab", "serve", "--public"]
